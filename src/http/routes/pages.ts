import { PROBLEM_CODES, type ProblemCode } from '../../wire/index.ts';
import { DEMO, DOCS } from '../pages/sites.ts';
import type { Handler } from '../request/call.ts';
import { page } from '../response/reply.ts';
import { demoIsOff, noSuchCode } from '../response/request-problem.ts';

export const getDemoPage: Handler<'getDemoPage'> = async ({ basePath }, { settings }) => {
  if (settings.demo === 'off') throw demoIsOff();
  return page(await DEMO.html(basePath));
};

export const getDocsPage: Handler<'getDocsPage'> = async ({ basePath }) => page(await DOCS.html(basePath));

export const getProblemPage: Handler<'getProblemPage'> = ({ code, basePath }) => {
  if (!isCode(code)) throw noSuchCode(basePath);
  return page(pageOf(code));
};

function pageOf(code: ProblemCode): string {
  const { status, title, retryable, explanation } = PROBLEM_CODES[code];
  const retry = retryable
    ? 'The unchanged request may succeed later.'
    : 'The unchanged request will not succeed later.';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${code} (${status})</title>
<style>
  :root { color-scheme: light dark; font: 1.05rem/1.6 system-ui, sans-serif }
  body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
  code { font-size: 0.95em; overflow-wrap: anywhere }
</style>
<h1>${escape(title)}</h1>
<p><code>${code}</code>, HTTP status ${status}. ${retry}</p>
<p>${codeSpans(escape(explanation))}</p>
</html>
`;
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const codeSpans = (text: string): string => text.replace(/`([^`]+)`/g, '<code>$1</code>');

const isCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEM_CODES, code);
