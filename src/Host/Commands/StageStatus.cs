using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Host.Running;
using Pipelines.Stages;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Commands;

/// <summary>How far a stage is, unit by unit: each counts once.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Known">Units that are known.</param>
/// <param name="Done">Of them stored.</param>
/// <param name="Held">Not stored, and held by a worker that is not known to be dead.</param>
/// <param name="Failed">Not stored, held by nobody, and failed when it was last tried.</param>
/// <param name="Stale">Held by a worker that has ended.</param>
/// <param name="Unknown">Held by nobody knows whom.</param>
/// <param name="WaitsFor">What further units depend on; null where these are all.</param>
internal sealed record StageStatus(
    string Stage,
    int Known,
    int Done,
    int Held,
    int Failed,
    int Stale,
    int Unknown,
    string? WaitsFor
)
{
    /// <summary>All its units are known and stored.</summary>
    public bool IsDone => Done == Known && WaitsFor is null;

    /// <summary>Who holds units of it, and by which claim.</summary>
    public IReadOnlyList<(WorkerSeen Worker, string Claim)> Holders { get; init; } = [];

    /// <summary>Units that failed, and why.</summary>
    public IReadOnlyList<string> Failures { get; init; } = [];

    /// <summary>It in words.</summary>
    public string Words
    {
        get
        {
            var parts = new List<string> { $"{Format.Count(Done)} of {Format.Many(Known, "unit")} done" };
            int left = Known - Done - Held - Failed - Stale - Unknown;
            foreach (
                var (count, what) in new[]
                {
                    (Held, "held"),
                    (Failed, "failed"),
                    (Stale, "held by a worker that has ended"),
                    (Unknown, "held by a worker that cannot be told"),
                    (left, "left"),
                }
            )
            {
                if (count > 0)
                {
                    parts.Add($"{Format.Count(count)} {what}");
                }
            }

            return string.Join(", ", parts) + (WaitsFor is null ? "" : $"; more once {WaitsFor}");
        }
    }

    /// <summary>The status of a stage.</summary>
    public static StageStatus Of(Stage stage, Catalog catalog, ClaimsSeen claims)
    {
        UnitList list;
        try
        {
            list = catalog.Rereading(() => stage.Units(catalog.Artifacts));
        }
        catch (InputException)
        {
            return new StageStatus(stage.Name, 0, 0, 0, 0, 0, 0, "the stages above are done");
        }

        IReadOnlyList<Unit> units = Catalog.Distinct(list.Known),
            open = catalog.Open(units);
        var holders = new List<(WorkerSeen, string)>();
        var failures = new List<string>();
        var counts = new Dictionary<ClaimState, int>();
        foreach (Unit unit in open)
        {
            string key = ClaimKey.Of(unit).Key;
            var (state, worker) = claims.Of(key);
            counts[state] = counts.GetValueOrDefault(state) + 1;
            if (worker is not null)
            {
                holders.Add((worker, key));
            }
            else if (state == ClaimState.None && claims.FailureOf(Fingerprint.Of(unit)) is { } why)
            {
                failures.Add($"{stage.NameOf(unit)}. {why}");
            }
        }

        return new StageStatus(
            stage.Name,
            units.Count,
            units.Count - open.Count,
            counts.GetValueOrDefault(ClaimState.Held),
            failures.Count,
            counts.GetValueOrDefault(ClaimState.Stale),
            counts.GetValueOrDefault(ClaimState.Unknown),
            list.WaitsFor
        )
        {
            Holders = holders,
            Failures = failures,
        };
    }
}
