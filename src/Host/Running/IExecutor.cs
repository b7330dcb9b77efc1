using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>Runs units that are ready: in this process now, elsewhere later.</summary>
internal interface IExecutor
{
    /// <summary>Computes units until there are no more.</summary>
    /// <param name="work">Hands them out.</param>
    /// <param name="compute">Computes and stores one.</param>
    /// <param name="cancel">Interrupted: units in flight are dropped.</param>
    void Execute(IWorkSource work, Action<Unit> compute, CancellationToken cancel);
}

/// <summary>Hands out units as they become ready. Workers call it at the same time.</summary>
internal interface IWorkSource
{
    /// <summary>
    /// The next unit of a worker; null when there is nothing left for it. Waits where what is at work may make one
    /// ready.
    /// </summary>
    /// <param name="worker">Number of the worker, from 0.</param>
    Unit? Next(int worker);

    /// <summary>A unit that was handed out is over.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="failure">Why it failed; null where it did not.</param>
    /// <param name="isDropped">It was dropped because the run is interrupted.</param>
    void Over(Unit unit, Exception? failure, bool isDropped = false);
}
