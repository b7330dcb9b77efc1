using Pipelines.Models.Ablation;

namespace Pipelines.Host.Running;

/// <summary>
/// Notes in a run's log that memory was short and batches were halved: no result changes, but the run becomes slower,
/// and a smaller engine.batch spares it the failures.
/// </summary>
internal sealed class ShortageNotes : IDisposable
{
    private readonly RunLog log;

    /// <summary>Notes until it is disposed.</summary>
    public ShortageNotes(RunLog log)
    {
        this.log = log;
        Batches.Halved += Note;
    }

    /// <inheritdoc/>
    public void Dispose() => Batches.Halved -= Note;

    private void Note(int size) =>
        log.Write(
            $"Memory did not suffice for a batch; it is repeated in batches of {size}, and so are those after it. "
                + "A smaller engine.batch avoids it."
        );
}
