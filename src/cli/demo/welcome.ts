/** What the demo sends: an invented shop's e-mail in four languages; everybody else gets the first. */
export const BRAND = {
  name: 'Kestrel Coffee',
  colors: { primary: '#b4541a' },
  footer: '<p><small>{{ brand.name }}, 12 Invented Lane, Nowhere</small></p>',
};

export const FROM = { address: 'hello@kestrel.example.test', name: 'Kestrel Coffee' };

const words = (title: string, greeting: string, body: string, pro: string, action: string) => ({
  email: {
    title,
    text: `${greeting} {{ name }},\n\n${body}{% if plan == "pro" %} ${pro}{% endif %}`,
    html: `<h1>${greeting} {{ name }},</h1><p>${body}{% if plan == "pro" %} ${pro}{% endif %}</p>`,
    actions: [{ text: action, url: 'https://kestrel.example.test/spring?plan={{ plan }}' }],
  },
});

export const WELCOME = {
  defaultLocale: 'en',
  required: ['name'],
  locales: {
    en: words(
      'The spring roast is here, {{ name }}',
      'Hello',
      'the new harvest has arrived, and your first bag is on us.',
      'As a pro you get two.',
      'Choose a roast',
    ),
    de: words(
      'Die Frühlingsröstung ist da, {{ name }}',
      'Hallo',
      'die neue Ernte ist angekommen, und die erste Tüte geht auf uns.',
      'Als Profi bekommst du zwei.',
      'Röstung aussuchen',
    ),
    fr: words(
      'La torréfaction de printemps est là, {{ name }}',
      'Bonjour',
      'la nouvelle récolte est arrivée, et votre premier sachet est offert.',
      'En formule pro, vous en recevez deux.',
      'Choisir une torréfaction',
    ),
    es: words(
      'Ya está aquí el tueste de primavera, {{ name }}',
      'Hola',
      'ha llegado la nueva cosecha y la primera bolsa corre de nuestra cuenta.',
      'Con el plan pro son dos.',
      'Elegir un tueste',
    ),
  },
};
