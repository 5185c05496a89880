// What a TypeScript client does: orders, reads what it wrote, pages through a list, and reads refusals by their type.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Problem = components["schemas"]["Problem"];
declare const process: { argv: string[]; exit(code: number): never };

const client = createClient<paths>({ baseUrl: process.argv[2] ?? "" });

function check(holds: boolean, what: string): asserts holds {
  if (!holds) {
    console.error(`not so: ${what}`);
    process.exit(1);
  }
}

const products = await client.GET("/api/v1/products", { params: { query: { in_stock: true, limit: 2, sort: "name" } } });
// 200 and 202 are both successes: a page, or a problem that says that the view has not got there yet
check(products.data !== undefined && "items" in products.data, "a first page");
check(products.data.next !== null, "a cursor of the next page");
const following = await client.GET("/api/v1/products", {
  params: { query: { in_stock: true, limit: 2, sort: "name", cursor: products.data.next } },
});
check(following.data !== undefined && "items" in following.data, "a second page");
const [first] = products.data.items;
check(first !== undefined && following.data.items[0]?.product_id !== first.product_id, "other products");

const registered = await client.POST("/api/v1/customers", { body: { name: "Ada", email: "ada@typescript.example.org" } });
check(registered.data !== undefined, "a customer");
const placed = await client.POST("/api/v1/orders", {
  body: {
    customer_id: registered.data.customer_id,
    lines: [{ product_id: first.product_id, quantity: 1 }],
    shipping_address: { name: "Ada", street: "12 Square", city: "London", postal_code: "SW1Y 4JH", country: "GB" },
  },
});
check(placed.data !== undefined && placed.response.status === 201, "an order");

const token = placed.response.headers.get("Causal-Token") ?? "";
const shown = await client.GET("/api/v1/orders/{order_id}", {
  params: { path: { order_id: placed.data.order_id }, header: { "Causal-Token": token } },
});
check(shown.data !== undefined && "total" in shown.data, "the order that was just placed");

const again = await client.POST("/api/v1/customers", { body: { name: "Ada", email: "ada@typescript.example.org" } });
const taken: Problem | undefined = again.error;
check(again.response.status === 409 && taken?.code === "email_taken", "409 email_taken");

const unnamed = await client.POST("/api/v1/customers", { body: { name: " ", email: "grace@example.org" } });
const invalid: Problem | undefined = unnamed.error;
check(unnamed.response.status === 422 && invalid?.errors?.[0]?.field === "name", "422 with the field");
