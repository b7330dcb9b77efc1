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
        return session.Each(pipeline =>
        {
            Console.Write(PlanText.Of(pipeline, session.Catalog, everyUnit: false));
            return Program.Done;
        });
    }
}
