"""The vendor's Python SDK, unmodified, against the simulated gateway.

In: the addresses and keys of a gateway, as JSON on the command line. Out: a line of JSON that tells what was read, streamed, traded and
refused; a traceback and a code other than 0 where anything was not as the SDK promises.
"""

import asyncio
import json
import sys
import time
import urllib.request

import fxsocket
from fxsocket import Client, errors
from fxsocket.terminal.stream import AsyncStream

GATEWAY = json.loads(sys.argv[1])
BASE_URL = f"http://{GATEWAY['gateway']}/v1"
DEADLINE_S = 20


def control(command, /, **body):
    """A command for the simulated gateway itself."""
    request = urllib.request.Request(
        f"http://{GATEWAY['control']}/__fx/{command}",
        data=json.dumps(body).encode(),
        headers={"X-Control-Key": GATEWAY["controlKey"]},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def refused(kind, call, **fields):
    """The call has to end with exactly this kind of error; `fields` are attributes that it has to carry."""
    try:
        call()
    except errors.FxSocketError as error:
        assert type(error) is kind, f"{type(error).__name__} instead of {kind.__name__}: {error}"
        for name, value in fields.items():
            assert getattr(error, name) == value, f"{name} is {getattr(error, name)!r}, not {value!r}"
        return kind.__name__
    raise AssertionError(f"{kind.__name__} did not come")


def until(what, check):
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not in time: {what}")


def management(fx):
    """Lists, links, updates and removes."""
    listed = fx.accounts.list()
    assert [one.platform.value for one in listed] == ["mt5", "mt4"], listed
    new = {"server": "Simulated-Demo", "login": 4711, "password": "demo", "nickname": "linked"}
    linked = fx.accounts.create(**new)
    assert (linked.status.value, linked.nickname, linked.login) == ("connecting", "linked", 4711)
    until("the account connects", lambda: fx.accounts.get(linked).status.value == "connected")
    assert fx.terminal(linked).account_summary().balance == 100_000
    updated = fx.accounts.update(linked, trade_ea_symbol="EURUSDm")
    assert (updated.trade_ea_symbol, updated.status.value) == ("EURUSDm", "connecting")
    assert fx.accounts.update(linked, trade_ea_symbol="").trade_ea_symbol == ""
    create = lambda **changes: lambda: fx.accounts.create(**{**new, **changes})
    refusals = [
        refused(errors.DuplicateAccountError, create(), status_code=409, code="duplicate"),
        refused(errors.ConnectFailedError, create(login=1, password="no"), code="invalid_credentials"),
        refused(errors.ConnectFailedError, create(login=1, server="Nowhere"), code="server_not_found"),
        refused(errors.ConnectFailedError, create(login=1, proxy_address="10.0.0.1:1080"), code="proxy_unreachable"),
    ]
    fx.accounts.create(**{**new, "login": 4712})
    refusals.append(refused(errors.AccountCapError, create(login=1), cap=4, current=4))
    for account in fx.accounts.list()[2:]:
        fx.accounts.delete(account)
    refusals.append(refused(errors.NotFoundError, lambda: fx.accounts.get(linked), status_code=404))
    assert [one.id for one in fx.accounts.list()] == [one.id for one in listed]
    return listed, refusals


def read(terminal):
    """Every GET route."""
    summary, info = terminal.account_summary(), terminal.account_info()
    assert summary.equity == round(summary.balance + summary.credit + summary.profit, 2)
    assert (info.leverage, info.currency, info.margin_mode) == (summary.leverage, "USD", "Hedging")
    assert "EURUSD" in terminal.symbols()
    symbol = terminal.symbol_info("EURUSD")
    assert symbol.commissions[0].tiers[0].value == 3.5 and len(symbol.sessions) == 5
    quote = terminal.quote("EURUSD")
    assert quote.ask > quote.bid > 0
    for timeframe in fxsocket.Timeframe:
        bars = terminal.price_history("EURUSD", timeframe, from_="2026-06-01", to="2026-06-09")
        assert all(bar.high >= bar.low for bar in bars)
    assert terminal.order_history()[0].type == "Balance"
    assert len(terminal.position_history(from_="2026-06-01")) > 10
    assert terminal.server_timezone().utc_offset_seconds == 10_800
    margin = terminal.calc_margin(symbol="EURUSD", operation="buy_limit", volume=1, price=1.1)
    assert (margin.margin, margin.currency) == (550.0, "USD")
    profit = terminal.calc_profit(symbol="EURUSD", operation="Sell", volume=1, price_open=1.1, price_close=1.09)
    assert profit.profit == 1000.0
    health = terminal.status()
    assert health.status == "ready" and health.bridge.trade_ea_ready and health.account.logged_in
    assert terminal.healthz().account and terminal.livez().terminal


def trade(terminal):
    """Sends, modifies, repeats, closes."""
    is_mt4 = terminal.platform.value == "mt4"
    sent = terminal.order_send(symbol="EURUSD", operation="buy", volume=0.3, comment="sdk", magic=2**62)
    assert sent.success and sent.outcome == "applied" and sent.retcode == 10009 and sent.volume == 0.3, sent
    assert (sent.deal == 0) == is_mt4 and sent.price == sent.ask
    [row] = terminal.opened_orders()
    assert (row.ticket, row.kind, row.lots, row.magic, row.comment) == (sent.order, "Position", 0.3, 2**62, "sdk")
    stop = round(sent.price - 0.05, 5)
    changed = terminal.order_modify(sent.order, stop_loss=stop, take_profit=round(sent.price + 0.05, 5))
    assert changed.success
    again = terminal.order_modify(sent.order, stop_loss=stop)
    assert (again.success, again.outcome, again.retcode) == (False, "no_change", 10025)
    assert terminal.order_modify(sent.order, clear_take_profit=True).success
    [row] = terminal.opened_orders()
    assert (row.stop_loss, row.take_profit) == (stop, 0.0)
    part = terminal.order_close(sent.order, volume=0.1)
    assert part.success and part.volume == 0.1
    [row] = terminal.opened_orders()
    assert row.lots == 0.2 and (row.ticket == sent.order) != is_mt4
    assert terminal.order_close(row.ticket).success
    gone = terminal.order_close(row.ticket)
    assert (gone.success, gone.retcode, gone.outcome) == (False, 10036, "rejected")
    below, above = round(sent.price - 0.04, 5), round(sent.price + 0.04, 5)
    pending = [
        terminal.order_send(symbol="EURUSD", operation=operation, volume=0.1, price=price, stop_limit_price=limit)
        for operation, price, limit in [
            ("BuyLimit", below, None),
            ("SellLimit", above, None),
            ("BuyStop", above, None),
            ("SellStop", below, None),
            ("BuyStopLimit", above, below),
            ("SellStopLimit", below, above),
        ]
    ]
    assert all(one.retcode == 10008 and one.success and one.deal == 0 for one in pending)
    assert {one.kind for one in terminal.opened_orders()} == {"Pending"}
    assert terminal.order_modify(pending[0].order, price=round(below - 0.01, 5), expiration="2026-12-31").success
    assert terminal.order_close(pending[0].order).success
    terminal.order_send(symbol="EURUSD", operation="Sell", volume=0.1)
    terminal.order_send(symbol="BTCUSD", operation="Sell", volume=0.1, magic=7)
    assert terminal.close_all(symbol="GBPUSD").requested == 0
    by_magic = terminal.close_all(magic=7)
    assert (by_magic.closed, by_magic.results[0].kind) == (1, "position")
    by_hand = terminal.close_all(magic=0)
    assert (by_hand.requested, by_hand.closed, by_hand.failed) == (1, 1, 0)
    rest = terminal.close_all(delete_pending=True)
    assert (rest.closed, {one.kind for one in rest.results}) == (5, {"pending"})
    assert terminal.opened_orders() == []
    deals = terminal.order_history()
    money = sum(deal.profit + deal.swap + deal.commission for deal in deals)
    assert abs(money - terminal.account_summary().balance) < 0.005
    refusals = {
        "volume": terminal.order_send(symbol="EURUSD", operation="Buy", volume=0.015).retcode,
        "stops": terminal.order_send(symbol="EURUSD", operation="Buy", volume=0.1, stop_loss=2.0).retcode,
        "money": terminal.order_send(symbol="EURUSD", operation="Buy", volume=400).retcode,
        "price": terminal.order_send(symbol="EURUSD", operation="BuyLimit", volume=0.1, price=above).retcode,
    }
    assert list(refusals.values()) == [10014, 10016, 10019, 10015], refusals


def executions(account, terminal):
    """What an order meets at the market: a price that has moved, and too little of it."""
    buy = lambda volume, **more: terminal.order_send(symbol="EURUSD", operation="Buy", volume=volume, **more)
    control("fault", kind="price_moves", points=30, account=account.id)
    quoted = buy(0.1)
    assert (quoted.success, quoted.outcome, quoted.retcode, quoted.deal) == (False, "rejected", 10004, 0), quoted
    assert terminal.opened_orders() == []
    moved = buy(0.1, slippage=30)
    assert moved.success and moved.price == round(moved.ask + 0.0003, 5), moved
    assert terminal.order_close(moved.order).retcode == 10004
    control("release", kind="price_moves")
    control("fault", kind="partial_fill", share=0.5, count=1, account=account.id)
    part = buy(0.3)
    assert (part.success, part.outcome, part.retcode, part.volume) == (False, "partial", 10010, 0.15), part
    assert sorted(one.lots for one in terminal.opened_orders()) == [0.1, 0.15]
    assert terminal.close_all().closed == 2


async def stream(account, terminal):
    """Every topic, the control frames, and a connection that is lost and taken up again."""
    seen = {}
    note = lambda event: seen.setdefault(type(event).__name__, []).append(event)
    async with AsyncStream(ws_url=account.ws_url, api_key=GATEWAY["key"], platform=account.platform) as events:
        frames = aiter(events)

        async def wait_for(name, count=1, check=lambda event: True):
            async with asyncio.timeout(DEADLINE_S):
                while len([one for one in seen.get(name, []) if check(one)]) < count:
                    note(await anext(frames))

        await events.subscribe_prices("EURUSD")
        await events.subscribe_bars("EURUSD", "M1")
        for topic in ("account", "positions", "trades", "terminal"):
            await events.subscribe(topic)
        await wait_for("Subscribed", 6)
        for name in ("Tick", "Bar", "AccountUpdate", "PositionsUpdate", "TerminalUpdate"):
            await wait_for(name)
        sent = await asyncio.to_thread(terminal.order_send, symbol="EURUSD", operation="Buy", volume=0.1)
        await wait_for("TradeUpdate", check=lambda event: event.data.order == sent.order and event.data.entry == "In")
        await wait_for("PositionsUpdate", check=lambda event: [one.ticket for one in event.data] == [sent.order])
        await events.list_subscriptions()
        await wait_for("Subscriptions")
        assert len(seen["Subscriptions"][0].data) == 6
        await events.subscribe_prices("NOPE")
        await wait_for("StreamErrorEvent")
        await events.unsubscribe_prices("NOPE")
        await events.unsubscribe_bars("EURUSD", "M1")
        await wait_for("Unsubscribed", 2)
        await asyncio.to_thread(control, "fault", kind="reset", account=account.id)
        await wait_for("Subscribed", 11)
        await asyncio.to_thread(control, "fault", kind="junk", what="unknown_type", account=account.id)
        await wait_for("UnknownEvent")
        await asyncio.to_thread(control, "fault", kind="withhold", count=5, queueFrames=0, account=account.id)
        await wait_for("StreamWarning")
        await asyncio.to_thread(terminal.order_close, sent.order)
        await wait_for("TradeUpdate", check=lambda event: event.data.entry == "Out")
        await wait_for("PositionsUpdate", check=lambda event: event.data == [])
    return sorted(seen)


def typed_errors(account, terminal, others):
    """What goes wrong comes as the SDK's own kinds of errors."""
    order = lambda: terminal.order_send(symbol="EURUSD", operation="Buy", volume=0.01, comment="lost")
    found = [
        refused(errors.FxSocketError, lambda: terminal.quote("NOPE"), status_code=500, code="MRPC"),
        refused(errors.ValidationError, lambda: terminal.price_history("EURUSD", "M1", from_="soon"), status_code=400),
        refused(errors.ValidationError, lambda: terminal.order_close(1), status_code=400),
        refused(errors.AuthError, others["wrong"].accounts.list, status_code=401),
        refused(errors.AuthError, others["wrong"].terminal(account).status, code="MRPC_UNAUTHORIZED"),
        refused(errors.ForbiddenError, lambda: others["ro"].accounts.delete(account), code="read_only"),
        refused(
            errors.ForbiddenError,
            lambda: others["ro"].terminal(account).order_send(symbol="EURUSD", operation="Buy", volume=1),
            status_code=403,
        ),
    ]
    control("fault", kind="trade_ea_missing", account=account.id)
    found.append(refused(errors.TerminalNotReadyError, order, status_code=503))
    assert terminal.status().bridge.trade_ea_heartbeat_age_ms == -1
    control("release")
    control("fault", kind="trade_timeout", account=account.id, count=1)
    found.append(refused(errors.TerminalTimeoutError, order, code="MRPC_TIMEOUT"))
    [made] = terminal.opened_orders()  # the answer was lost, the order was not
    assert made.comment == "lost" and terminal.order_close(made.ticket).success
    limit = {"error": "throttled", "detail": "expected available in 12 seconds"}
    control("inject", path="/v1/accounts", status=429, headers={"Retry-After": "12"}, body=limit)
    found.append(refused(errors.RateLimitError, others["full"].accounts.list, retry_after=12.0))
    control("inject", path="/AccountInfo", status=404, body="Not Found", headers={"Content-Type": "text/plain"})
    found.append(refused(errors.NotFoundError, terminal.account_info))
    # What this gateway does not sell or batch: the answers are the reference's, and the SDK makes its own errors of them.
    buy = lambda: others["full"].private_servers.create(slots=1, region="fra1")
    batch = lambda: others["full"].orders.send([{"account_id": account.id, "symbol": "EURUSD", "operation": "Buy", "volume": 1}])
    for kind, status, code, fields, path, call in [
        (errors.PaymentRequiredError, 402, "something_new", {}, "/v1/private-servers", buy),
        (errors.NoSubscriptionError, 402, "no_subscription", {}, "/v1/private-servers", buy),
        (errors.SeatLapsedError, 402, "seat_lapsed", {}, "/v1/private-servers", buy),
        (errors.InsufficientBalanceError, 402, "insufficient_balance", {"shortfall_eur_cents": 700}, "/v1/private-servers", buy),
        (errors.NotBalanceFundedError, 403, "not_balance_funded", {}, "/v1/private-servers", buy),
        (errors.ServerLimitError, 409, "server_limit_reached", {}, "/v1/private-servers", buy),
        (errors.SlotsFullError, 409, "slots_full", {"used": 2, "cap": 2}, "/v1/private-servers", buy),
        (errors.AccountsExceedTargetError, 409, "accounts_exceed_target", {}, "/v1/private-servers", buy),
        (errors.AlreadyLapsedError, 409, "already_lapsed", {}, "/v1/private-servers", buy),
        (errors.IdempotencyError, 409, "idempotency_in_flight", {}, "/v1/orders", batch),
        (errors.IdempotencyError, 422, "idempotency_key_reused", {}, "/v1/orders", batch),
        (errors.IdempotencyError, 503, "idempotency_unavailable", {}, "/v1/orders", batch),
    ]:
        body = {"error": code, "detail": code, **fields}
        control("inject", method="POST", path=path, status=status, body=body)
        found.append(refused(kind, call, status_code=status, code=code, **fields))
    control("inject", method="POST", path="/OrderSend", status=502, body="<html></html>")
    found.append(refused(errors.FxSocketError, order, status_code=502))
    return found


def main():
    client = lambda key: Client(api_key=key, base_url=BASE_URL)
    with client(GATEWAY["key"]) as fx, client("fxs_live_wrong") as wrong, client(GATEWAY["readOnlyKey"]) as ro:
        accounts, refusals = management(fx)
        assert [one.id for one in ro.accounts.list()] == [one.id for one in accounts]
        events = {}
        for account in accounts:
            terminal = fx.terminal(account)
            read(terminal)
            trade(terminal)
            executions(account, terminal)
            events[account.platform.value] = asyncio.run(stream(account, terminal))
            refusals += typed_errors(account, terminal, {"full": fx, "wrong": wrong, "ro": ro})
    print(json.dumps({"sdk": fxsocket.__version__, "events": events, "errors": sorted(set(refusals))}))


main()
