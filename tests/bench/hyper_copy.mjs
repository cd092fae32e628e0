// A file from one hyperdht node to another over its encrypted stream, by public key, on loopback.
//   node hyper_copy.mjs take FILE PORT        prints its key, then writes and syncs what comes, again and again
//   node hyper_copy.mjs send FILE PORT KEY    ends when the other side has synced it
// PORT: of the bootstrap node that the first one runs.
import fs from 'fs'
import DHT from 'hyperdht'

const [what, path, port, key] = process.argv.slice(2)
const host = '127.0.0.1'
const bootstrap = [{ host, port: Number(port) }]

async function take () {
  const bootstrapper = DHT.bootstrapper(Number(port), host)
  await bootstrapper.ready()
  const relays = [1, 2, 3].map(() => new DHT({ host, bootstrap, ephemeral: false, firewalled: false }))
  await Promise.all(relays.map(relay => relay.fullyBootstrapped()))
  const node = new DHT({ host, bootstrap, ephemeral: false, firewalled: false })
  await node.fullyBootstrapped()
  const server = node.createServer(socket => {
    const file = fs.openSync(path, 'w')
    socket.on('data', bytes => fs.writeSync(file, bytes))
    socket.on('end', () => {
      fs.fsyncSync(file)
      fs.closeSync(file)
      socket.end('.')
    })
    socket.on('error', () => {})
  })
  await server.listen()
  console.log(server.publicKey.toString('hex'))
}

async function send () {
  const node = new DHT({ host, bootstrap })
  const socket = node.connect(Buffer.from(key, 'hex'))
  socket.on('data', () => process.exit(0))
  socket.on('error', error => { console.error(error.message); process.exit(1) })
  fs.createReadStream(path, { highWaterMark: 1 << 20 }).pipe(socket)
}

await (what === 'take' ? take() : send())
