using Pipelines.Host.Progress;

namespace Pipelines.Host.Running.Devices;

/// <summary>Progress of a process whose parent shows it: events, a line each.</summary>
internal sealed class EventProgress(TextWriter output) : RunProgress
{
    private readonly Lock writing = new();

    /// <inheritdoc/>
    public override T Show<T>(Func<T> body) => body();

    /// <inheritdoc/>
    public override void Stage(string stage, long done, long total, string workUnit) =>
        Tell(new StageShown(stage, done, total, workUnit));

    /// <inheritdoc/>
    public override void Advance(string stage, long work)
    {
        if (work != 0)
        {
            Tell(new Advanced(stage, work));
        }
    }

    /// <inheritdoc/>
    public override void AtWork(string stage, bool isAtWork) => Tell(new AtWorkNow(stage, isAtWork));

    /// <inheritdoc/>
    public override void Finished(string stage, string summary, bool isWhole) =>
        Tell(new StageFinished(stage, summary, isWhole));

    /// <inheritdoc/>
    public override void Message(string text) => Tell(new Said(text));

    private void Tell(ProgressEvent told)
    {
        lock (writing)
        {
            output.WriteLine(told.ToLine());
            output.Flush();
        }
    }
}
