// Swagger UI over one of the gateway's documents, without a network: its files come from the package. In: the path below `…/swagger-ui/`
// and where the document is, relative to the page. Out: the page, one of its files, or null.

import { readFile } from 'node:fs/promises';
import { ok, type RestAnswer } from './envelope.ts';

/** The files of the page and their types. */
const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
  'favicon-32x32.png': 'image/png',
};

const page = (title: string, document: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<link rel="icon" type="image/png" href="favicon-32x32.png">
<link rel="stylesheet" href="swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({ url: ${JSON.stringify(document)}, dom_id: '#swagger-ui' });</script>
</body>
</html>
`;

export async function swaggerUi(
  file: string,
  options: { title: string; document: string },
): Promise<RestAnswer | null> {
  if (file === '') return { ...ok(page(options.title, options.document)), contentType: 'text/html' };
  const contentType = Object.hasOwn(FILES, file) ? FILES[file] : undefined;
  if (contentType === undefined) return null;
  const body = await readFile(new URL(import.meta.resolve(`swagger-ui-dist/${file}`)));
  return { status: 200, body, contentType };
}
