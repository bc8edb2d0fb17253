"""Top-level await, coroutines and what hangs on the running loop."""

from __future__ import annotations

from tests.cases.case import case

CASES = [
    case(
        "await_in_steps",
        """
        --- setup
        import asyncio
        async def fetch(x):
            await asyncio.sleep(0)
            return x * 2
        --- step:a
        a = await fetch(1)
        --- step:b
        b = await fetch(2)
        --- step:c
        print(a + b, await asyncio.gather(fetch(1), fetch(2)))
        """,
        parallel="a|b",
    ),
    case(
        "coroutine_changes_a_global",
        """
        --- setup
        import asyncio
        log = []
        async def work(n):
            await asyncio.sleep(0)
            log.append(n)
        --- step:a
        await work('a')
        --- step:b
        await asyncio.gather(work('b1'), work('b2'))
        --- step:c
        print(log)
        """,
        ordered="a<b b<c",
    ),
    case(
        "async_for_and_with",
        """
        --- setup
        class Ctx:
            def __init__(self): self.events = []
            async def __aenter__(self): self.events.append('in'); return self
            async def __aexit__(self, *a): self.events.append('out')
        async def numbers(n):
            for i in range(n):
                yield i
        --- step:a
        ctx = Ctx()
        async with ctx as same:
            got = [i async for i in numbers(3)]
        --- step:b
        async for last in numbers(5):
            pass
        print(got, ctx.events, last, same is ctx)
        """,
    ),
    case(
        "async_loop_binds_nothing",
        """
        --- setup
        async def none():
            return
            yield
        --- step:a
        last = 'before'
        --- step:b
        async for last in none():
            pass
        --- step:c
        print(last)
        """,
        ordered="a<c b<c",
    ),
    case(
        "task_awaited_later",
        """
        --- step:a
        import asyncio
        async def work():
            await asyncio.sleep(0.01)
            return 'done'
        task = asyncio.create_task(work())
        --- step:b
        print(await task)
        """,
        expect="same-or-refused",
    ),
    case(
        "coroutine_awaited_later",
        """
        --- step:a
        async def work(): return 'value'
        co = work()
        --- step:b
        print(await co)
        """,
        expect="same-or-refused",
    ),
    case(
        "background_task_changes_a_list",
        """
        --- step:a
        import asyncio
        ticks = []
        async def tick():
            for i in range(3):
                ticks.append(i)
                await asyncio.sleep(0)
        t = asyncio.ensure_future(tick())
        --- step:b
        await asyncio.sleep(0.05)
        print(ticks)
        """,
        expect="same-or-refused",
    ),
    case(
        "queue_between_steps",
        """
        --- step:a
        import asyncio
        q = asyncio.Queue()
        await q.put(1)
        --- step:b
        await q.put(2)
        --- step:c
        print(q.qsize(), await q.get(), await q.get())
        """,
        expect="same-or-refused",
    ),
    case(
        "asyncio_run_fails_alike",
        """
        --- step:a
        import asyncio
        async def f(): return 1
        c = f()
        try:
            asyncio.run(c)
        except RuntimeError as e:
            print(e)
        finally:
            c.close()
        --- step:b
        print(asyncio.get_running_loop().is_running())
        """,
    ),
    case(
        "async_comprehension_scope",
        """
        --- setup
        async def f(x): return x
        --- step:a
        x = 'outer'
        --- step:b
        ys = [await f(x) for x in range(3)]
        --- step:c
        print(x, ys)
        """,
        parallel="a|b",
    ),
]
