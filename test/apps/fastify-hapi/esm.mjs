import cookie from '@fastify/cookie';
import { fastifyJwt } from '@fastify/jwt';
import hapi from '@hapi/hapi';
import hapiJwt from '@hapi/jwt';
import { createVerifier } from 'fast-jwt';
import fastify from 'fastify';
import servers from './servers.cjs';

await servers.listen({ cookie, createVerifier, fastify, fastifyJwt, hapi, hapiJwt });
