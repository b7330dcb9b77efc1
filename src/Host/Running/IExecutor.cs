using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>Runs ready units: in this process now, elsewhere later.</summary>
internal interface IExecutor
{
    /// <summary>Computes units that do not depend on each other.</summary>
    /// <param name="units">Units, in the order in which they should start.</param>
    /// <param name="compute">Computes and stores one.</param>
    /// <param name="stopAtFailure">Start no further unit after a failure.</param>
    /// <param name="cancel">Interrupted: units in flight are dropped.</param>
    /// <returns>Failures by unit.</returns>
    IReadOnlyDictionary<Unit, Exception> Execute(
        IReadOnlyList<Unit> units,
        Action<Unit> compute,
        bool stopAtFailure,
        CancellationToken cancel
    );
}
