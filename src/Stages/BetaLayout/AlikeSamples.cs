using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting;

/// <summary>Paper, 4.3: LVLMs "utilize similar attention heads when processing the same object".</summary>
[Claim(
    9,
    "same_object",
    "The same object uses the same heads",
    Paper = "§4.3, §C.5, Fig. 3E, 10",
    Number = "samples of an object lie together (drawn)",
    Rule = "> chance",
    Why = "share of samples whose nearest other sample, by β, shows the same object; judged by its difference from "
        + "chance within samples",
    Topic = "samples of one object",
    Needs = "beta-layout, labels, several samples of an object",
    Figure = typeof(LayoutFigure),
    Unit = ClaimUnit.Share
)]
internal sealed class SameObject : IClaim<Findings>
{
    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings) =>
        findings.Data.HasLabels // else what is called an object is what the model answered
            ? Evidences(NeighbourAgreement.OfObjects(LayoutFigure.Named(findings), findings.Intervals))
            : [];

    /// <summary>None where no sample could go either way.</summary>
    internal static IReadOnlyList<Evidence> Evidences(NeighbourAgreement found) =>
        found.Samples == 0
            ? []
            : [new Evidence(found.Share, Demand.MoreThan(0)) { Chance = found.Chance, LessChance = found.Excess }];
}

/// <summary>Paper, 4.3: "objects with similar semantic meanings are typically clustered together".</summary>
[Claim(
    10,
    "alike_objects",
    "Alike objects use alike heads",
    Paper = "§4.3, Fig. 3E, 13",
    Number = "super-categories lie together (drawn)",
    Rule = "> chance",
    Why = "share of samples whose nearest sample of another object, by β, is of the same super-category; "
        + "judged by its difference from chance within samples",
    Topic = "objects of one super-category",
    Needs = "beta-layout, super-categories of several objects",
    Figure = typeof(LayoutFigure),
    Unit = ClaimUnit.Share
)]
internal sealed class AlikeObjects : IClaim<Findings>
{
    /// <inheritdoc/>
    public static IReadOnlyList<Evidence> Of(Findings findings) =>
        SameObject.Evidences(NeighbourAgreement.OfGroups(LayoutFigure.Named(findings), findings.Intervals));
}
