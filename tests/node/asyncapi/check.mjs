// node check.mjs FILE: what the AsyncAPI parser has against a document; status 1 for errors and warnings.
import { readFileSync } from 'node:fs'
import { Parser } from '@asyncapi/parser'

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'))
for (const { severity, path, message } of diagnostics) console.log(severity, path.join('/'), message)
if (document) console.log(`${document.channels().length} channels, ${document.operations().length} operations`)
const advice = 2
process.exit(document && diagnostics.every(({ severity }) => severity >= advice) ? 0 : 1)
