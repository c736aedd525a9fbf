// Makes fastify speak zod: queries are checked by the schema of the route, answers are written as JSON, and the OpenAPI document shows
// the same schemas. In: a fastify instance. Out: the instance, set up; a wrong query becomes QUERY_INVALID with a sentence.
import type { FastifyInstance, FastifySchema } from 'fastify';
import { FxtapeError } from '@fxtape/ops';
import { z } from 'zod';

export function speakZod(app: FastifyInstance): void {
  app.setValidatorCompiler(({ schema }) => (data) => {
    const parsed = (schema as z.ZodType).safeParse(data);
    return parsed.success ? { value: parsed.data } : { error: queryInvalid(parsed.error) };
  });
  app.setSerializerCompiler(
    () => (data) =>
      JSON.stringify(data, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
  );
}

/** For @fastify/swagger: the route's zod schemas as JSON Schema, questions in their input form. */
export function toOpenApi(schema: FastifySchema): FastifySchema {
  const out: FastifySchema = { ...schema };
  if (schema.querystring !== undefined) out.querystring = jsonSchema(schema.querystring, 'input');
  if (schema.response !== undefined) {
    const answers = Object.entries(schema.response as Record<string, unknown>);
    out.response = Object.fromEntries(
      answers.map(([status, answer]) => [status, jsonSchema(answer, 'output')]),
    );
  }
  return out;
}

function jsonSchema(schema: unknown, io: 'input' | 'output'): unknown {
  if (!(schema instanceof z.ZodType)) return schema;
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return rest;
}

function queryInvalid(error: z.ZodError): FxtapeError {
  const problems = error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? `"${issue.keys.join('", "')}" is not a parameter`
      : `${issue.path.join('.')} ${issue.message}`,
  );
  return new FxtapeError({
    code: 'QUERY_INVALID',
    message: problems.join('; '),
    context: { problems },
  });
}
