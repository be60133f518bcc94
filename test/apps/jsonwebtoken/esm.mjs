import { createRequire } from 'node:module';
import express from 'express';
import { expressjwt } from 'express-jwt';
import jsonwebtoken from 'jsonwebtoken';
import jwksClient, { expressJwtSecret } from 'jwks-rsa';
import Koa from 'koa';
import koaJwt from 'koa-jwt';
import 'reflect-metadata';
import { JwtService } from '@nestjs/jwt';
import services from './services.cjs';

// The copy of another version that an old dependency brings with it.
const require = createRequire(import.meta.url);
const old = createRequire(require.resolve('old-express-jwt'))('jsonwebtoken');

await services.listen({
  express,
  expressjwt,
  expressJwtSecret,
  JwtService,
  jsonwebtoken,
  jwksClient,
  Koa,
  koaJwt,
  old,
});
