// Nest without a compiler: its decorators are functions.
import 'reflect-metadata';
import { Body, Controller, Get, Module, Param, Post, UnauthorizedException, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { askWarehouse, authenticate } from './stock.mjs';

class TokenGuard {
  async canActivate(context) {
    const { headers } = context.switchToHttp().getRequest();
    await authenticate(headers.authorization).catch(() => {
      throw new UnauthorizedException();
    });
    return true;
  }
}

class OrdersController {
  list() {
    return [];
  }
  find(id) {
    return askWarehouse(id);
  }
  place(order) {
    return order;
  }
}
const { prototype } = OrdersController;
const decorate = (method, decorator) =>
  decorator(prototype, method, Object.getOwnPropertyDescriptor(prototype, method));
decorate('list', Get());
decorate('find', Get(':id'));
decorate('place', Post());
Param('id')(prototype, 'find', 0);
Body()(prototype, 'place', 0);
Reflect.defineMetadata('design:paramtypes', [String], prototype, 'find');
Reflect.defineMetadata('design:paramtypes', [Object], prototype, 'place');
UseGuards(TokenGuard)(OrdersController);
Controller('orders')(OrdersController);

class AppModule {
  title = 'orders';
}
Module({ controllers: [OrdersController] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(0, '127.0.0.1');
console.log(`listening ${app.getHttpServer().address().port}`);
