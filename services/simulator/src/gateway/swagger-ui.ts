// Serves Swagger UI for one of the gateway's documents, with files from the npm package. In: the path below `…/swagger-ui/` and the document's relative
// address. Out: the page, one of its files, or null.

import { readFile } from 'node:fs/promises';
import { ok, type RestAnswer } from '../answers/envelope.ts';

interface PageFile {
  readonly contentType: string;
  readonly url: string;
}

/** The files of the page. */
const FILES: ReadonlyMap<string, PageFile> = new Map([
  ['swagger-ui.css', { contentType: 'text/css', url: import.meta.resolve('swagger-ui-dist/swagger-ui.css') }],
  [
    'swagger-ui-bundle.js',
    { contentType: 'text/javascript', url: import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js') },
  ],
  [
    'favicon-32x32.png',
    { contentType: 'image/png', url: import.meta.resolve('swagger-ui-dist/favicon-32x32.png') },
  ],
]);

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
  const found = FILES.get(file);
  if (found === undefined) return null;
  return { status: 200, body: await readFile(new URL(found.url)), contentType: found.contentType };
}
