interface SwaggerUi {
  (options: Readonly<Record<string, unknown>>): unknown;
  readonly presets: { readonly apis: unknown };
}

declare const SwaggerUIBundle: SwaggerUi;

/** The service may be mounted below a path; this script lies one level below that. */
const service = new URL('..', import.meta.url);

const dark = matchMedia('(prefers-color-scheme: dark)');
const applyColourScheme = (): boolean => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', applyColourScheme);
applyColourScheme();

SwaggerUIBundle({
  dom_id: '#reference',
  url: new URL('openapi.json', service).href,
  presets: [SwaggerUIBundle.presets.apis],
  // The validator badge would send the document to a third party.
  validatorUrl: null,
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});
