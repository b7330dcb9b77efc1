using Pipelines.Host.Planning;

namespace Pipelines.Host.Commands;

/// <summary><c>plan</c>: what a run would compute, and why. Writes nothing.</summary>
internal static class PlanCommand
{
    /// <summary>Prints the plan of every experiment of the spec.</summary>
    public static int Execute(RunOptions options)
    {
        using var session = Session.Open(options, toRead: true);
        session.Store.Damaged = Console.WriteLine;
        var planned = new HashSet<string>(StringComparer.Ordinal); // experiments share units
        var reasons = new Reasons(session.Store, session.Runs);
        var all = new List<PlanTotals>();
        Room room = Room.Of(session.Root);
        int code = session.Each(pipeline =>
        {
            Plan plan = Plan.Of(pipeline, session.Catalog, planned);
            PlanCosts costs = session.CostsOf(pipeline, reasons);
            Console.Write(PlanText.Of(plan, reasons, costs, everyUnit: false));
            var totals = PlanTotals.Of(plan.Work, costs);
            all.Add(totals);
            foreach (
                string line in totals.Lines(
                    session.Jobs,
                    costs.Measured,
                    room.Binding(totals),
                    room.FreeDisk,
                    session.Root
                )
            )
            {
                Console.WriteLine($"  {line}");
            }

            if (session.RefusalOf(plan, costs, totals, room) is { } refusal)
            {
                Console.WriteLine($"  A run is refused: {refusal.Message}");
            }

            return Program.Done;
        });
        if (all.Count > 1)
        {
            Console.WriteLine($"{session.Name}, all {all.Count} experiments:");
            var sum = PlanTotals.Sum(all);
            foreach (string line in sum.Lines(session.Jobs, null, room.Binding(sum), room.FreeDisk, session.Root))
            {
                Console.WriteLine($"  {line}");
            }
        }

        return code;
    }
}
