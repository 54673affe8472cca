import { z } from 'zod';
import { health, readiness, serviceInfo } from '../../wire/index.ts';
import { ALWAYS, type Operation } from './row.ts';

const yamlDocument = z.string().meta({ description: 'This document.' });
const jsonDocument = z.looseObject({}).meta({ description: 'This document.' });
const page = z.string().meta({ description: 'A page for people.' });

const PUBLIC = { method: 'GET', tag: 'operations', security: 'public', problems: ALWAYS } as const;

export const serviceOperations = {
  getServiceInfo: {
    ...PUBLIC,
    path: '/',
    summary: 'What runs here',
    description: 'The name and version of the service, and where its description is.',
    success: {
      status: 200,
      description: 'The service.',
      schema: serviceInfo,
      example: { name: 'holdline', version: '0.1.0', openapi: '/openapi.yaml' },
    },
  },
  getHealth: {
    ...PUBLIC,
    path: '/healthz',
    summary: 'Is the process alive?',
    description: 'Green as long as the process answers, also while it shuts down. For liveness probes.',
    success: { status: 200, description: 'Alive.', schema: health, example: { status: 'ok' } },
  },
  getReadiness: {
    ...PUBLIC,
    path: '/readyz',
    summary: 'Are messages being delivered?',
    description: 'Red while the service shuts down or cannot reach its store. For load balancers and readiness probes.',
    success: { status: 200, description: 'Ready.', schema: readiness, example: { status: 'ready' } },
    problems: [...ALWAYS, 'shutting-down', 'storage-unavailable'],
  },
  getOpenapiYaml: {
    ...PUBLIC,
    path: '/openapi.yaml',
    summary: 'This description, as YAML',
    description: 'OpenAPI 3.1.',
    success: {
      status: 200,
      description: 'The document.',
      mediaType: 'application/yaml',
      schema: yamlDocument,
      example: 'openapi: 3.1.0\n',
    },
  },
  getOpenapiJson: {
    ...PUBLIC,
    path: '/openapi.json',
    summary: 'This description, as JSON',
    description: 'OpenAPI 3.1.',
    success: { status: 200, description: 'The document.', schema: jsonDocument, example: { openapi: '3.1.0' } },
  },
  getOpenapi30Json: {
    ...PUBLIC,
    path: '/openapi-3.0.json',
    summary: 'This description, for older generators',
    description: 'OpenAPI 3.0.3: the same operations and schemas, for generators that do not read 3.1 yet.',
    success: { status: 200, description: 'The document.', schema: jsonDocument, example: { openapi: '3.0.3' } },
  },
  getProblemPage: {
    ...PUBLIC,
    path: '/problems/{code}',
    summary: 'What a problem code means',
    description: 'The page to which `type` of a problem leads: what happened, and what to do about it.',
    success: {
      status: 200,
      description: 'The explanation.',
      mediaType: 'text/html',
      schema: page,
      example: '<!doctype html><title>room-full</title>',
    },
    problems: [...ALWAYS, 'not-found'],
  },
} as const satisfies Record<string, Operation>;
