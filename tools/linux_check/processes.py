"""Linux' list of processes, which kdbg follows by a configuration file."""

from .layout import Layout
from .session import Session


def links(elf, isolation):
    """The lines of a configuration file, for a kernel at its link address."""
    layout = Layout(elf)
    init_task, page_offset = layout.exported("init_task", "page_offset_base")
    tasks, memory, number, name = (layout.offset("task_struct", member) for member in ("tasks", "mm", "pid", "comm"))
    table = f"*(*($process + {memory:#x}) + {layout.offset('mm_struct', 'pgd'):#x}) - *{page_offset:#x}"
    # Under isolation Ring 3 has the frame beside it. arch/x86/include/asm/pgtable.h, kernel_to_user_pgdp.
    tables = f"{table}, {table} + 0x1000" if isolation == "on" else table
    return (
        f"process-first = {init_task:#x}\n"
        f"process-next = *($process + {tasks:#x}) - {tasks:#x}\n"
        f"process-cr3 = {tables}\n"
        f"process-number = {{u32}} ($process + {number:#x})\n"
        f"process-name = $process + {name:#x}\n"
    )


def compare(kdbg, arguments, isolation):
    """What is wrong with kdbg's list, and how many processes are in it: init and its children are in Ring 3, and kernel
    threads have no tables.
    """
    with Session(kdbg, arguments) as session:
        session.ask("catch ring 3")
        session.ask("continue")
        answer = session.ask("spaces")
    listed = {process["number"]: process for process in answer["processes"]}
    problems = [] if answer["processesComplete"] else ["the list is not complete"]
    for number, name, tables in ((0, "swapper/0", 0), (1, "init", 2 if isolation == "on" else 1), (2, "kthreadd", 0)):
        process = listed.get(number)
        if process is None or process["name"] != name or len(process["tables"]) != tables:
            problems.append(f"process {number} is {process} and not {name} with {tables} tables")
    # init starts others of its kind.
    loaded = [space for space in answer["spaces"] if space["processors"]]
    if not any(process["name"] == "init" for space in loaded for process in space.get("processes", ())):
        problems.append(f"Ring 3 runs under {loaded}, which is no process's")
    if len(listed) != len(answer["processes"]) or len(listed) < 20:
        problems.append(f"{len(listed)} numbers for {len(answer['processes'])} processes")
    return problems, len(listed)
