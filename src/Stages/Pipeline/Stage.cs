using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// A stage of one experiment: it knows its units once its inputs are there, and the tables that they make. It has no
/// memory: what it says is a function of its settings, its inputs and what is stored.
/// </summary>
public abstract class Stage
{
    /// <summary>Name in the spec.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// The experiment has several stages of this kind: what they publish goes into folders of their own.
    /// </summary>
    public bool IsOneOfSeveral { get; init; }

    /// <summary>Kind in the spec, for example <c>forward-passes</c>.</summary>
    public virtual string Kind => StageFactory.KindOf(GetType());

    /// <summary>
    /// The units known while <paramref name="artifacts"/> holds what is there. Where <see cref="UnitList.WaitsFor"/> is
    /// set, more become known when these are computed: ask again.
    /// </summary>
    public abstract UnitList Units(Artifacts artifacts);

    /// <summary>
    /// What the stage's own work is counted in, and what is expected of units that are not known yet. Units of another
    /// kind count in their own measure.
    /// </summary>
    public abstract string WorkUnit { get; }

    /// <summary>A unit's name among those of the stage: with its kind where that is another stage's.</summary>
    public string NameOf(Unit unit) => unit.Kind == Kind ? unit.Name : unit.ToString();

    /// <summary>The tables that the stage's units make, in order; all units are there.</summary>
    public virtual IEnumerable<PublishedTable> Published(Artifacts artifacts) => [];

    /// <summary>Files beside the tables, that hold the same in forms for other programs; all units are there.</summary>
    public virtual IEnumerable<PublishedFile> PublishedFiles(Artifacts artifacts) => [];

    /// <summary>
    /// Tables of other stages that figures of this stage's tables read with them: by the row of this stage's table.
    /// </summary>
    internal virtual IEnumerable<(Type Row, PublishedTable Behind)> ReadWith(Artifacts artifacts) => [];

    /// <summary>Whether the stage's fits met their stopping rule; null where it has none.</summary>
    public virtual Convergence? Convergence(Artifacts artifacts) => null;

    /// <summary>
    /// The tables that a run that stops early leaves for a person to look into: what was asked and answered. None by
    /// default.
    /// </summary>
    public virtual IEnumerable<PublishedTable> PublishedUnfinished(Artifacts artifacts) => [];

    /// <summary>
    /// What the published files show beyond the units: verdicts and labels that are settled when they are read. Part of
    /// what tells whether a run's folder is up to date.
    /// </summary>
    public virtual string PublishedFacts(Artifacts artifacts) => "";

    /// <summary>Writes or links the stage's files when all units are there.</summary>
    public virtual void Publish(Artifacts artifacts, RunFolder folder)
    {
        Publish(Published(artifacts), folder);
        foreach (PublishedFile file in PublishedFiles(artifacts))
        {
            file.Publish(folder, PublishedPath(file.Name));
        }
    }

    /// <summary>Writes or links some of the stage's tables.</summary>
    public void Publish(IEnumerable<PublishedTable> tables, RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(tables);
        foreach (PublishedTable table in tables)
        {
            table.Publish(folder, PublishedPath(table.Name));
        }
    }

    /// <summary>
    /// Settings that the spec leaves to the stage, as it settled them, and why: what the report says of them.
    /// </summary>
    public virtual IReadOnlyList<SummaryRow> ChosenSettings => [];

    /// <summary>What a person wants to know at the end of a run.</summary>
    public virtual IReadOnlyList<SummaryRow> Summary(Artifacts artifacts) => [];

    /// <summary>
    /// Where a table lies in the run's folder: <c>tables/NAME</c>, or <c>tables/STAGE/NAME</c> where the experiment has
    /// several stages of the kind.
    /// </summary>
    public string PublishedPath(string table) => IsOneOfSeveral ? $"tables/{Name}/{table}" : $"tables/{table}";

    /// <summary>The line of the summary that says that fits did not converge; none where all did.</summary>
    protected IEnumerable<SummaryRow> NotConverged(Artifacts artifacts) =>
        Convergence(artifacts) is { Words: { } words } fits
            ? [new SummaryRow($"{fits.Stage}: NOT CONVERGED", words)]
            : [];
}

/// <summary>A line of the summary.</summary>
/// <param name="What">What the line is about.</param>
/// <param name="Value">Its value in words and numbers.</param>
public sealed record SummaryRow(string What, string Value);

/// <summary>Units of a stage.</summary>
/// <param name="Known">Units known now, in order.</param>
/// <param name="WaitsFor">What further units depend on, for people; null when <paramref name="Known"/> is all.</param>
/// <param name="ExpectedMore">An estimate of the work of the units not known yet, in the stage's
/// <see cref="Stage.WorkUnit"/>.</param>
public sealed record UnitList(IReadOnlyList<Unit> Known, string? WaitsFor = null, long ExpectedMore = 0);
