/** Something the shop sells. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly priceCents: number;
}

/** Something somebody bought. */
export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly product: string;
  readonly quantity: number;
  readonly totalCents: number;
}

/** One page of a list. */
export interface OrderPage {
  readonly orders: readonly Order[];
  readonly page: number;
  readonly pages: number;
}

/** Orders of one export page. */
const PAGE_ORDERS = 100;
/** The most orders the shop keeps; it is a shop window, not a warehouse. */
const MAX_ORDERS = 10_000;
/** The most of one product in one order. */
export const MAX_QUANTITY = 99;

const WARES = ['Teapot', 'Lantern', 'Notebook', 'Umbrella', 'Compass', 'Blanket', 'Kettle', 'Almanac'];
const CUSTOMERS = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy'];
const SEEDED_ORDERS = 800;

/** The shop's stock and its order book, in memory. */
export class OrderBook {
  readonly products: readonly Product[] = WARES.map((name, position) => ({
    id: name.toLowerCase(),
    name,
    priceCents: 990 + 350 * position,
  }));
  readonly #orders = new Map<string, Order>();

  constructor() {
    for (let number = 0; number < SEEDED_ORDERS; number += 1) {
      const customer = CUSTOMERS[number % CUSTOMERS.length] ?? '';
      const product = this.products[number % this.products.length];
      if (product !== undefined) this.place(customer, product, 1 + (number % 3));
    }
  }

  /** @returns the order, now placed */
  place(customer: string, product: Product, quantity: number): Order {
    if (this.#orders.size >= MAX_ORDERS) throw new RangeError(`the order book holds ${MAX_ORDERS} orders`);
    const id = String(1_001 + this.#orders.size);
    const order = { id, customer, product: product.id, quantity, totalCents: product.priceCents * quantity };
    this.#orders.set(id, order);
    return order;
  }

  /** @returns the order with this number, or undefined */
  find(id: string): Order | undefined {
    return this.#orders.get(id);
  }

  /** @returns the newest orders, of one customer or of all */
  newest(limit: number, customer?: string): Order[] {
    const all = [...this.#orders.values()].toReversed();
    return all.filter((order) => customer === undefined || order.customer === customer).slice(0, limit);
  }

  /**
   * @param page from 1
   * @returns that page of all orders, oldest first; empty past the end
   */
  page(page: number): OrderPage {
    const all = [...this.#orders.values()];
    const first = (page - 1) * PAGE_ORDERS;
    return {
      orders: all.slice(first, first + PAGE_ORDERS),
      page,
      pages: Math.ceil(all.length / PAGE_ORDERS),
    };
  }
}
