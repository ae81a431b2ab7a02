// The test is the browser of these relying parties: it is told where to go, and says where it arrived.
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

export async function visit(url) {
  console.log(JSON.stringify({ visit: String(url) }))
  return new URL(JSON.parse((await lines.next()).value).arrived)
}

export function conclude(result) {
  console.log(JSON.stringify({ result }))
  process.exit(0)
}
