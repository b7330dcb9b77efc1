using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>How far a unit is.</summary>
internal enum EntryState
{
    /// <summary>For its inputs.</summary>
    Waiting,

    /// <summary>To be handed out.</summary>
    Ready,

    /// <summary>Handed out.</summary>
    Taken,

    /// <summary>Computed here or elsewhere, or failed.</summary>
    Over,
}

/// <summary>A unit in the backlog.</summary>
/// <param name="unit">The unit.</param>
/// <param name="stage">The first stage that named it.</param>
/// <param name="order">So many were added before it.</param>
/// <param name="claimedWith">Claimed with these.</param>
internal sealed class BacklogEntry(Unit unit, StageWork stage, int order, ClaimedUnits claimedWith)
{
    /// <summary>By stage, then as they were added.</summary>
    public static IComparer<BacklogEntry> ByStage { get; } =
        Comparer<BacklogEntry>.Create((a, b) => (a.Stage.Number, a.Order).CompareTo((b.Stage.Number, b.Order)));

    /// <summary>The unit.</summary>
    public Unit Unit { get; } = unit;

    /// <summary>The first stage that named it.</summary>
    public StageWork Stage { get; } = stage;

    /// <summary>So many were added before it.</summary>
    public int Order { get; } = order;

    /// <summary>Claimed with these.</summary>
    public ClaimedUnits ClaimedWith { get; } = claimedWith;

    /// <summary>Inputs that are not there.</summary>
    public int Missing { get; set; }

    /// <summary>How far it is.</summary>
    public EntryState State { get; set; }

    /// <summary>It is to be computed, but not handed out.</summary>
    public bool IsLeft => State is EntryState.Waiting or EntryState.Ready;
}

/// <summary>
/// Units under one claim (<see cref="ClaimKey"/>): those that one model runs over a picture, with those made of its
/// passes alone; or one unit by itself, about no picture or several.
/// </summary>
/// <param name="claim">What is claimed.</param>
internal sealed class ClaimedUnits(ClaimKey claim)
{
    /// <summary>What is claimed.</summary>
    public ClaimKey Claim => claim;

    /// <summary>Those that are ready, whether others hold the claim or not, in order.</summary>
    public SortedSet<BacklogEntry> Ready { get; } = new(BacklogEntry.ByStage);

    /// <summary>Units run over pictures that are left, ready or not.</summary>
    public int LeftOverPictures { get; set; }

    /// <summary>The unit by itself is run over several.</summary>
    public bool IsOverMany { get; init; }

    /// <summary>Its place among the claims that others hold; null where they do not.</summary>
    public LinkedListNode<ClaimedUnits>? PlaceAmongHeld { get; set; }

    /// <summary>Others hold it.</summary>
    public bool IsHeld => PlaceAmongHeld is not null;
}
