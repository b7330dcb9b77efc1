using Pipelines.Host.Planning;

namespace Pipelines.Host.Commands;

/// <summary><c>plan</c>: what a run would compute, and why.</summary>
internal static class PlanCommand
{
    /// <summary>Prints the plan of every experiment of the spec.</summary>
    public static int Execute(RunOptions options)
    {
        using var session = Session.Open(options);
        session.Store.Damaged = Console.WriteLine;
        return session.Each(pipeline =>
        {
            Console.Write(PlanText.Of(pipeline, session.Catalog, everyUnit: false));
            return Program.Done;
        });
    }
}
