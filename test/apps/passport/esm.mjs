import express from 'express';
import session from 'express-session';
import passport from 'passport';
import Jwt from 'passport-jwt';
import OAuth2 from 'passport-oauth2';
import OpenIdConnect from 'passport-openidconnect';
import shop from './shop.cjs';

await shop.listen({ express, session, passport, OpenIdConnect, OAuth2, Jwt });
