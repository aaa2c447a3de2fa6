import { type BrandContent, type TemplateContent } from '../domain/content';

const GREETING = 'Hello{% if recipientName %} {{ recipientName }}{% endif %}';

/** What Courier's seed sends as `my-notification-or-event`: a message that reads well with data and without. */
export const SEEDED_TEMPLATE: TemplateContent = {
  defaultLocale: 'en',
  locales: {
    en: {
      default: {
        title: 'A message from Volley',
        text: `${GREETING}, this is the first message of your Volley.`,
      },
      email: {
        title: `${GREETING}, a message from Volley`,
        html: `<p>${GREETING},</p><p>this is the first message of your Volley. Replace the template <code>my-notification-or-event</code> with your own words.</p>`,
        text: `${GREETING},\n\nthis is the first message of your Volley. Replace the template my-notification-or-event with your own words.`,
      },
      sms: { text: `${GREETING}, this is the first message of your Volley.` },
    },
  },
};

/** The project of the Bird seed's curl example. */
export const SEEDED_BIRD_TEMPLATE: TemplateContent = {
  defaultLocale: 'en',
  locales: {
    en: {
      default: { title: 'A template message', text: `${GREETING}, I am a template message.` },
    },
  },
};

export const SEEDED_BRAND: BrandContent = {
  name: 'My brand',
  colors: { primary: '#1f5eff', secondary: '#0b1f4b' },
  footer: '<p>Sent by {{ brand.name }}</p>',
};
