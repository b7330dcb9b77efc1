using Pipelines.Stages.Reporting;

namespace Pipelines.Host.Progress;

/// <summary>What a person sees while a run goes on. Methods may be called from any thread.</summary>
internal abstract class RunProgress
{
    /// <summary>Runs <paramref name="body"/> while progress is shown.</summary>
    public abstract T Show<T>(Func<T> body);

    /// <summary>A stage begins, or more of its work is known.</summary>
    /// <param name="stage">Name in the spec.</param>
    /// <param name="done">Work found in the cache or done.</param>
    /// <param name="total">All work known or expected.</param>
    /// <param name="workUnit">What is counted: masks, pictures.</param>
    public abstract void Stage(string stage, long done, long total, string workUnit);

    /// <summary>Work was done.</summary>
    public abstract void Advance(string stage, long work);

    /// <summary>
    /// Work on a stage begins or pauses: rates are those of the time in between. A stage that is shown only.
    /// </summary>
    public abstract void AtWork(string stage, bool isAtWork);

    /// <summary>A stage is over.</summary>
    /// <param name="stage">Name in the spec.</param>
    /// <param name="summary">One line: what was computed, what was cached.</param>
    /// <param name="isWhole">All of it is there.</param>
    public abstract void Finished(string stage, string summary, bool isWhole);

    /// <summary>A sentence that stays on the screen.</summary>
    public abstract void Message(string text);

    /// <summary>A rate for people: 1234 masks/s, 0.31 pictures/s.</summary>
    internal static string Rate(double perSecond, string workUnit) => $"{Format.Rate(perSecond)} {workUnit}/s";
}
