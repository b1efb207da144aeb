"""`chohtx`: the command line of the operator."""

from __future__ import annotations

import gc
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from shop.core.db import Database
from shop.settings import Settings, WrongSettings, load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Chợ HTX: the market's command line.")


def _settings() -> Settings:
    try:
        return load_settings()
    except WrongSettings as wrong:
        typer.echo(f"chohtx: {wrong}", err=True)
        raise typer.Exit(2) from None


def _database(settings: Settings) -> Database:
    from shop import migrations

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    db = Database(settings.database)
    migrations.upgrade(db)
    return db


OBS_PORT = 1935  # where encoders look first


@app.command()
def serve(
    host: str = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="Default: PORT, else 8000.")] = None,
    processes: Annotated[int, typer.Option(help="More than one needs PostgreSQL and CHOHTX_BUS_URL.")] = 1,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Fill the demo market first if the database is empty.")
    ] = False,
) -> None:
    """Serve the market; the worker runs in a thread of this process unless CHOHTX_WORKER=none."""
    gc.disable()  # what is imported stays: `server` lets the collector begin when the first pages are out
    from shop import server

    settings = _settings()
    db = _database(settings)
    if fresh and settings.demo:
        gc.enable()
        _welcome(settings, db, port or settings.port)
        if "rtmp_port" not in settings.model_fields_set:
            settings.rtmp_port = OBS_PORT
    db.close()
    try:
        server.serve(settings, host=host, port=port or settings.port, processes=processes)
    except server.CannotServe as reason:
        typer.echo(f"chohtx: {reason}", err=True)
        raise typer.Exit(2) from None


def _welcome(settings: Settings, db: Database, port: int) -> None:
    from shop.demo import fill, people, staff

    fill.demo_market(db, settings, datetime.now(UTC), only_if_empty=True)
    typer.echo(f"Chợ HTX: http://127.0.0.1:{port}  (Ctrl-C stops)")
    typer.echo(f"Demo sign-ins, password {people.PASSWORD}:")
    for one in (*people.PEOPLE, *staff.COLLEAGUES):
        typer.echo(f"  0{one.phone[3:]}  {one.role or 'shopper'}")


@app.command()
def worker() -> None:
    """Deliver events and run timed jobs here, until stopped."""
    from shop import server

    settings = _settings()
    server.work(settings, _database(settings))


@app.command()
def media(
    host: str = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="Default: PORT, else 8000.")] = None,
) -> None:
    """Take cameras and serve their pictures here, for a market of several processes (CHOHTX_MEDIA_URL)."""
    from shop import server

    settings = _settings()
    try:
        server.take_pictures(settings, _database(settings), host=host, port=port or settings.port)
    except server.CannotServe as reason:
        typer.echo(f"chohtx: {reason}", err=True)
        raise typer.Exit(2) from None


@app.command()
def migrate() -> None:
    """Bring the database to the newest shape."""
    _database(_settings()).close()


@app.command()
def demo(
    scale: Annotated[int, typer.Option(help="Products to add beside the demo market, for measuring.")] = 0,
    if_empty: Annotated[bool, typer.Option(help="Do nothing when there are co-ops already.")] = False,
) -> None:
    """Fill the demo market. Doing it twice changes nothing."""
    from shop.demo import fill

    settings = _settings()
    db = _database(settings)
    fill.demo_market(db, settings, datetime.now(UTC), scale=scale, only_if_empty=if_empty)
    db.close()


@app.command()
def pay(
    code: Annotated[str, typer.Argument(help="The order's code, or the content of the transfer.")],
    amount_vnd: Annotated[int | None, typer.Option(help="Default: what is asked for.")] = None,
    content: Annotated[str | None, typer.Option(help="The buyer's own words instead of what is asked for.")] = None,
    twice: Annotated[bool, typer.Option("--twice", help="The bank tells of this one transfer twice.")] = False,
) -> None:
    """Demo only: a bank transfer for an order arrives at the running market, signed as SePay signs."""
    from payments.simulators import sepay

    settings = _settings()
    db = _database(settings)
    try:
        times = 2 if twice else 1
        said = sepay.simulate_transfer(db, settings, code, datetime.now(UTC), amount_vnd, content=content, times=times)
        typer.echo(said)
    except (sepay.NotInProduction, sepay.NothingToPay, sepay.NoMarket) as reason:
        typer.echo(f"chohtx: {reason}", err=True)
        raise typer.Exit(2) from None
    finally:
        db.close()


@app.command()
def verify() -> None:
    """Check every invariant: stock, orders, ledger, audit chain. One line per broken rule; exit 1 if there is one."""
    from shop.core.progress import shown
    from shop.verify import broken_rules

    db = _database(_settings())
    with shown() as progress:
        broken = broken_rules(db, progress)
    for line in broken:
        typer.echo(line)
    typer.echo("chohtx verify: " + ("every rule holds" if not broken else f"{len(broken)} broken"), err=True)
    raise typer.Exit(1 if broken else 0)


@app.command()
def compare() -> None:
    """Put our movements beside the gateways' settlement files; says how many differ."""
    from payments.comparison import items
    from payments.comparison.compare import compare as look
    from shop.core.progress import shown

    db = _database(_settings())
    with shown() as progress:
        looked = look(db, datetime.now(UTC), progress)
    with db.read() as session:
        open_items = items.count_open(session)
    db.close()
    typer.echo(f"chohtx compare: {looked} movements looked at, {open_items} differences open")


@app.command()
def backup(
    file: Path,
    recordings: Annotated[
        bool, typer.Option(help="Whether what live sessions filmed is packed, too: it is the largest part.")
    ] = True,
) -> None:
    """Write the database, the pictures and what live sessions filmed into one file."""
    from shop import backups
    from shop.core.progress import shown

    settings = _settings()
    try:
        with shown() as progress:
            backups.backup(settings, file, progress, recordings=recordings)
    except backups.CannotBackUp as reason:
        typer.echo(f"chohtx: {reason}", err=True)
        raise typer.Exit(2) from None


@app.command()
def restore(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Bring back what `backup` wrote, into an empty data folder."""
    from shop import backups
    from shop.core.progress import shown

    settings = _settings()
    try:
        with shown() as progress:
            backups.restore(settings, file, progress)
    except backups.CannotRestore as reason:
        typer.echo(f"chohtx: {reason}", err=True)
        raise typer.Exit(2) from None


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(context: typer.Context) -> None:
    """Run the benchmarks of the checkout: pages orders scale live start. `--write` keeps the figures."""
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-m", "tests.bench", *context.args], cwd=root, check=False)
    raise typer.Exit(done.returncode)


def main() -> None:
    """Entry point of `.venv/bin/chohtx`."""
    sys.exit(app())


if __name__ == "__main__":
    main()
