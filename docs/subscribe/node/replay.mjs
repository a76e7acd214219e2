// Replays Dealwire's log of events from a point on, then follows it: one line per event, its offset and the event.
//
//   npm ci
//   AMQP_URL=amqp://user:password@broker:5672 node replay.mjs [first | next | OFFSET | 2026-03-01T00:00:00Z]
//
// The user needs one right: to read the queue dealwire.events.log (`dealwire setup secrets --subscriber NAME` makes it).
import amqp from 'amqplib'

const LOG = 'dealwire.events.log'

function streamOffset(from) {
  if (/^\d+$/.test(from)) return Number(from) // a place in the log, that of the last event you handled plus one
  const milliseconds = Date.parse(from)
  if (Number.isNaN(milliseconds)) return from // "first", "last" or "next"
  return { '!': 'timestamp', value: Math.floor(milliseconds / 1000) } // AMQP counts seconds
}

function handle(event, offset) {
  // Delivery is at least once: remember event.id, or event.source, .subject and .sequence, where twice would matter.
  console.log(offset, JSON.stringify(event))
}

const connection = await amqp.connect(process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672')
const channel = await connection.createChannel()
await channel.prefetch(100) // a stream insists on it: so many events are under way before the first is acknowledged

await channel.consume(
  LOG,
  (message) => {
    if (message === null) throw new Error(`${LOG} is gone`)
    handle(JSON.parse(message.content), message.properties.headers['x-stream-offset'])
    channel.ack(message) // takes nothing out of the log: it asks for the next
  },
  { arguments: { 'x-stream-offset': streamOffset(process.argv[2] ?? 'first') } },
)

// Keep the offset of what you handled with your own data: after a lost connection that plus one is where to go on.
connection.on('error', (error) => console.error(error.message))
connection.on('close', () => process.exit(1))
process.on('SIGINT', () => process.exit(0))
