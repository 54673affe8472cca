/** Express with its defaults, `express.json()` and `res.json()`; with `HARDENED=1` also helmet and cors. */
import cors from 'cors';
import express from 'express';
import helmet from 'helmet';
import { Mailboxes } from './mailboxes.ts';

const mailboxes = new Mailboxes();
const app = express();

if (process.env.HARDENED === '1') app.use(helmet(), cors());
app.use(express.json());

app.post('/participants', (_req, res) => {
  res.status(201).json({ id: mailboxes.open() });
});

app.get('/participants/:id', (req, res) => {
  const forget = mailboxes.poll(req.params.id, (messages) => {
    if (messages === undefined) res.status(410).json({});
    else res.json({ messages });
  });
  res.on('close', forget);
});

app.post('/messages', (req, res) => {
  const body = req.body as { to: string };
  res.status(mailboxes.deliver(body.to, body) ? 201 : 404).json({});
});

app.delete('/participants/:id', (req, res) => {
  mailboxes.close(req.params.id);
  res.status(204).end();
});

app.listen(Number(process.env.PORT), '127.0.0.1');
