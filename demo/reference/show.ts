interface SwaggerUi {
  (options: Readonly<Record<string, unknown>>): unknown;
  readonly presets: { readonly apis: unknown };
}

declare const SwaggerUIBundle: SwaggerUi;

/** The service may be mounted below a path; this script lies one level below it. */
const service = new URL('..', import.meta.url);

const dark = matchMedia('(prefers-color-scheme: dark)');
const dress = (): boolean => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', dress);
dress();

SwaggerUIBundle({
  dom_id: '#reference',
  url: new URL('openapi.json', service).href,
  presets: [SwaggerUIBundle.presets.apis],
  // Its badge would ask a server of others what it thinks of the document.
  validatorUrl: null,
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});
