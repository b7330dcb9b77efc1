using Pipelines.Host.Planning;
using Pipelines.Stages;
using Pipelines.Stages.Tensors;

namespace Pipelines.Host.Commands;

/// <summary><c>check</c>: does the model do what the method needs of it?</summary>
internal static class CheckCommand
{
    /// <summary>Checks the model of every experiment of the spec on its first picture.</summary>
    public static int Execute(RunOptions options)
    {
        using var session = Session.Open(options);
        int code = Program.Done;
        foreach (Pipeline pipeline in session.Pipelines)
        {
            WorkerThreads.Use(pipeline.Context.Arithmetic, session.Threads);
            Console.WriteLine($"{pipeline.Experiment.Name}: {pipeline.Context.Info.Name}, {pipeline.Context.Arithmetic}");
            foreach (CheckResult result in ModelCheck.Run(pipeline.Context))
            {
                Console.WriteLine($"  {(result.Passed ? "ok    " : "FAILED")} {result.What}: {result.Found}");
                if (!result.Passed) code = Program.Failed;
            }
        }

        return code;
    }
}
