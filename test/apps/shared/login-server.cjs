// A web application with sessions in memory. What speaks to the provider is given to it: a function for each path, which
// gets the session, the URL and the authorization header, and returns where to send the browser, or what to show.
const { randomUUID } = require('node:crypto');
const { createServer } = require('node:http');

exports.serve = function serve(actions) {
  const sessions = new Map();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, `http://${request.headers.host}`);
    const action = actions[url.pathname.slice(1)];
    let id = /sid=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
    if (!sessions.has(id)) sessions.set((id = randomUUID()), {});
    try {
      const answer =
        action === undefined ? 'home' : await action(sessions.get(id), url, request.headers.authorization);
      const location = answer instanceof URL ? answer.href : undefined;
      response.writeHead(location === undefined ? 200 : 302, {
        'set-cookie': `sid=${id}; HttpOnly; Path=/`,
        ...(location === undefined ? { 'content-type': 'application/json' } : { location }),
      });
      response.end(location === undefined ? JSON.stringify(answer) : '');
    } catch (error) {
      response.writeHead(500).end(`${error.name} ${error.code}: ${error.message}`);
    }
  });
  server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
};
