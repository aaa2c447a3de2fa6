/**
 * What a message says, in Volley's own words. Each door translates its dialect into this; the renderer and the providers
 * know nothing else.
 */

/** A file fetched by URL at delivery, once a message, through the egress guard. */
export interface AttachmentRef {
  readonly url: string;
  readonly filename?: string;
  readonly contentType?: string;
  /** Shown inside the HTML by Content-ID (the filename) instead of listed. */
  readonly inline?: boolean;
}

export interface LinkAction {
  readonly text: string;
  readonly url: string;
}

/** The nodes of Elemental that Volley renders. Others are refused at the door. */
export type Block =
  | {
      readonly type: 'text';
      readonly content: string;
      readonly style?: 'text' | 'h1' | 'h2' | 'subtext' | 'quote';
    }
  | { readonly type: 'action'; readonly content: string; readonly href: string }
  | { readonly type: 'image'; readonly src: string; readonly alt?: string; readonly href?: string }
  | { readonly type: 'divider' }
  | { readonly type: 'html'; readonly content: string };

/** Exactly one of text, html, blocks, image or file carries the body; the rest decorates it. */
export interface Content {
  readonly title?: string;
  readonly text?: string;
  readonly html?: string;
  readonly blocks?: readonly Block[];
  readonly images?: readonly { readonly url: string; readonly alt?: string }[];
  readonly files?: readonly AttachmentRef[];
  readonly actions?: readonly LinkAction[];
  readonly attachments?: readonly AttachmentRef[];
  /** E-mail headers asked for; only those of the allow-list are sent. */
  readonly headers?: Readonly<Record<string, string>>;
  /** True when `{{ name }}` in the strings stands for data (Courier's inline content); Bird's bodies are literal. */
  readonly interpolate: boolean;
  /** A body type that Volley keeps and gives back but cannot carry (Bird's gif, location, carousel …). */
  readonly unsupported?: string;
}

/** A reference to a stored template, by slug, alias or id. */
export interface TemplateRef {
  readonly id: string;
  /** Version id or number, or `latest` (the newest published one, also where absent). */
  readonly version?: string;
  readonly locale?: string;
}

/** One published version of a stored template: content for each kind, in each locale. */
export interface TemplateContent {
  /** Locale used when the recipient's is not there. */
  readonly defaultLocale: string;
  /** locale -> kind or `default` -> content */
  readonly locales: Readonly<Record<string, Readonly<Record<string, TemplateVariant>>>>;
  /** Paths (`user.name`) that must be there for the message to be sent: absent, it ends `rejected: variable_missing`. */
  readonly required?: readonly string[];
}

/** Strings are Liquid. `html` is escaped for HTML where variables go, `text` and `title` are not. */
export interface TemplateVariant {
  readonly title?: string;
  readonly text?: string;
  readonly html?: string;
  readonly actions?: readonly LinkAction[];
}

export interface BrandContent {
  readonly name: string;
  readonly colors?: Readonly<Record<string, string>>;
  readonly logo?: { readonly url: string; readonly href?: string };
  /** HTML put before and after every e-mail body of the brand; Liquid, with `brand` in scope. */
  readonly header?: string;
  readonly footer?: string;
}

/** What a provider is given: strings ready to go. */
export interface Rendered {
  readonly title?: string;
  readonly text: string;
  readonly html?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly attachments: readonly AttachmentRef[];
  readonly images: readonly { readonly url: string; readonly alt?: string }[];
  readonly actions: readonly LinkAction[];
}
