using Pipelines.Domain;

namespace Pipelines.Spec;

/// <summary>What a stage computes; chosen by <c>stage:</c>. Which other stages it reads is part of its kind.</summary>
[ChosenBy("stage")]
public abstract record StageSpec
{
    /// <summary>
    /// The stages this one reads. An input not named under <c>inputs:</c> is filled by the one earlier stage of the
    /// kind that agrees with the inputs that are named.
    /// </summary>
    public abstract IReadOnlyList<StageInput> Needs { get; }

    /// <summary>
    /// Every role that a stage of the kind may have, whatever its settings: what an editor accepts under
    /// <c>inputs:</c>.
    /// </summary>
    public virtual IReadOnlyList<StageInput> MayNeed => Needs;

    /// <summary>Why the stage cannot work on <paramref name="data"/>, as an error says it; null where it can.</summary>
    public virtual string? ObjectionTo(DataSpec data) => null;

    /// <summary>The kind as files spell it, for example <c>sample-masks</c>.</summary>
    public string StageKind => Spelling.Of(GetType());
}

/// <summary>A role that another stage fills.</summary>
/// <param name="Role">Name under <c>inputs:</c>.</param>
/// <param name="Kind">Type of the spec that may fill it.</param>
/// <param name="Optional">The stage runs without it where no stage of the kind exists.</param>
public sealed record StageInput(string Role, Type Kind, bool Optional = false)
{
    /// <summary>
    /// The stage takes what is there: none, one below it or several that could fill the role are no error where the
    /// spec does not name one.
    /// </summary>
    public bool IsOffer { get; init; }

    /// <summary>
    /// The input of role <paramref name="role"/> filled by a stage of kind <typeparamref name="TSpec"/>.
    /// </summary>
    public static StageInput Of<TSpec>(string role, bool optional = false)
        where TSpec : StageSpec => new(role, typeof(TSpec), optional);
}

/// <summary>Asks the question about pictures in seed order until enough answers are right.</summary>
[Named("answer-questions")]
public sealed record AnswerQuestionsSpec : StageSpec
{
    /// <summary>Correct samples kept (paper: 200).</summary>
    [Between(1, 1_000_000)]
    public int Keep { get; init; } = 200;

    /// <summary>Pictures asked at most; 0 = all.</summary>
    [Between(0, 10_000_000)]
    public int Limit { get; init; }

    /// <summary>Which answers become samples: <c>right</c> (paper), <c>wrong</c> or <c>all</c>.</summary>
    public AnswersUsed Which { get; init; }

    /// <summary>
    /// When an answer counts as right. Left out: <c>category</c>; with questions what their format asks for:
    /// <c>yes-no</c> (POPE), <c>vqa-official</c> (ten annotators), <c>letter</c> (options), else <c>exact</c>.
    /// </summary>
    public AnswerMatch? Match { get; init; }

    /// <summary>Details of <c>match: category</c>, and the longest answer.</summary>
    public AnswerRule Answer { get; init; } = new();

    /// <summary>
    /// Questions kept of one picture, 0 = all. Questions come picture by picture, because what the model computes of a
    /// picture serves all of them; a small number spreads the samples over more pictures.
    /// </summary>
    [Between(0, 1_000_000)]
    public int PerPicture { get; init; }

    /// <summary>How many samples of one object are kept.</summary>
    public PerObjectRule PerObject { get; init; } = new();

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs => [];

    /// <inheritdoc/>
    public override string? ObjectionTo(DataSpec data) =>
        Match is AnswerMatch.YesNo or AnswerMatch.Letter or AnswerMatch.VqaOfficial or AnswerMatch.VqaNormalised
        && data is { MayHaveQuestions: false }
            ? $"match: {Spelling.Of(Match.Value)} judges answers to questions, and these data have none"
            : null;
}

/// <summary>
/// How many samples an object may have and must have (paper, Fig. 3E: at least 10, at most 15). The object is the
/// picture's category; without labels, the answer.
/// </summary>
public sealed record PerObjectRule
{
    /// <summary>Objects with fewer correct samples are left out, once the others are found; 0 = none is.</summary>
    [Between(0, 1_000_000)]
    public int Least { get; init; }

    /// <summary>Samples kept of an object, the first in seed order; 0 = all.</summary>
    [Between(0, 1_000_000)]
    public int Most { get; init; }
}

/// <summary>What ablated heads see instead of the image's keys and values.</summary>
public enum BaselineKind
{
    /// <summary>Per-position mean over the baseline pictures (paper).</summary>
    Mean,

    /// <summary>Keys and values of zero.</summary>
    Zero,

    /// <summary>Attention knockout: minus infinity on the scores.</summary>
    Knockout,

    /// <summary>Keys and values of the pair's other picture.</summary>
    Counterfactual,
}

/// <summary>Which pictures a mean goes over.</summary>
public enum BaselineOver
{
    /// <summary>All pictures of the data.</summary>
    All,

    /// <summary>Those of the sample's group.</summary>
    Group,
}

/// <summary>Collects mean keys and values of the image tokens (paper, baseline representations).</summary>
[Named("collect-mean-kv")]
public sealed record CollectMeanKvSpec : StageSpec, IRuled
{
    /// <summary>
    /// Baseline pictures, drawn by seed from all pictures of the data (paper: 100), or of <see cref="Folder"/>.
    /// </summary>
    [Between(1, 1_000_000)]
    public int Images { get; init; } = 100;

    /// <summary>
    /// Folder that the baseline pictures are drawn from (not searched in depth); left out, the pictures of the data.
    /// </summary>
    public SpecPath? Folder { get; init; }

    /// <summary>What ablated heads see.</summary>
    public BaselineKind Kind { get; init; } = BaselineKind.Mean;

    /// <summary>
    /// With <c>kind: mean</c>: over pictures of all data, or for each sample over those of its (first) group.
    /// </summary>
    public BaselineOver Over { get; init; }

    /// <summary>Average after or before rotary.</summary>
    public RopeOrder Rope { get; init; } = RopeOrder.After;

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs => [];

    /// <inheritdoc/>
    public override string? ObjectionTo(DataSpec data) =>
        Kind == BaselineKind.Counterfactual && data is { MayHaveQuestions: false }
            ? "kind: counterfactual shows ablated heads the pair's other picture, and these data have no pairs"
        : Over == BaselineOver.Group && data is { MayHaveQuestions: false }
            ? "over: group averages over a sample's group, and these data have no groups"
        : null;

    /// <inheritdoc/>
    IEnumerable<BrokenRule> IRuled.Broken
    {
        get
        {
            if (Over == BaselineOver.Group && Kind != BaselineKind.Mean)
            {
                yield return new BrokenRule(["over"], "over: group belongs to kind: mean");
            }

            if (Over == BaselineOver.Group && Folder is not null)
            {
                yield return new BrokenRule(["over", "folder"], "pictures of a folder have no groups");
            }
        }
    }
}

/// <summary>Whether samples have masks of their own.</summary>
public enum MaskScope
{
    /// <summary>Each sample has its own masks.</summary>
    Sample,

    /// <summary>All samples share the masks.</summary>
    Shared,
}

/// <summary>
/// Draws the masks: which heads are intact. Mask i is a pure function of (seed, sample id or shared, i).
/// </summary>
[Named("sample-masks")]
public sealed record SampleMasksSpec : StageSpec
{
    /// <summary>Masks per sample, M.</summary>
    [Inline]
    public MaskCountSpec Count { get; init; } = new FixedCountSpec();

    /// <summary>Share of heads ablated, p (paper: 0.75).</summary>
    [Between(0.001, 0.999)]
    public double Ablate { get; init; } = 0.75;

    /// <summary>How they are drawn.</summary>
    public MaskDraw Draw { get; init; } = MaskDraw.Exact;

    /// <summary>Own masks per sample, or shared.</summary>
    public MaskScope Scope { get; init; } = MaskScope.Sample;

    /// <summary>
    /// Seed of the masks; left out, the experiment's. Two runs that differ in it alone tell how much of beta is chance.
    /// </summary>
    [Between(0, int.MaxValue)]
    public int? Seed { get; init; }

    /// <summary>Masks in one shard: the unit of resuming and of reuse when <see cref="Count"/> grows.</summary>
    [Between(1, 100_000)]
    public int Shard { get; init; } = 250;

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs => [StageInput.Of<AnswerQuestionsSpec>("samples")];
}

/// <summary>
/// Runs the model once a mask and stores f and phi (paper, eq. for the adjusted and normalised logit).
/// </summary>
[Named("forward-passes")]
public sealed record ForwardPassesSpec : StageSpec
{
    /// <summary>
    /// A sample whose f(1) - f(0) (with <c>target.signed</c> its absolute value) is below this is rejected with a
    /// reason, never divided by.
    /// </summary>
    [Between(1e-9, 1000)]
    public double MinGap { get; init; } = 1e-3;

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs =>
        [
            StageInput.Of<AnswerQuestionsSpec>("samples"),
            StageInput.Of<CollectMeanKvSpec>("baseline"),
            StageInput.Of<SampleMasksSpec>("masks"),
        ];
}

/// <summary>
/// Fits phi from the masks: beta per head, R^2 and rho on the test split (paper, head attribution and Table 2).
/// </summary>
[Named("regress")]
public sealed record RegressSpec : StageSpec
{
    /// <summary>The trainer; its fields stand beside <c>trainer:</c>.</summary>
    [Inline]
    public TrainerSpec Trainer { get; init; } = new AutoTrainerSpec();

    /// <summary>Share of the masks that train; the rest tests.</summary>
    [Between(0.01, 0.99)]
    public double Train { get; init; } = 0.8;

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs =>
        Trainer switch
        {
            GradientSpec => MayNeed,
            AutoTrainerSpec => [.. MayNeed.Take(2), MayNeed[2] with { Optional = true, IsOffer = true }],
            _ => [.. MayNeed.Take(2)],
        };

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> MayNeed =>
        [
            StageInput.Of<SampleMasksSpec>("masks"),
            StageInput.Of<ForwardPassesSpec>("forward"),
            StageInput.Of<GradientPassesSpec>("gradients"),
        ];
}

/// <summary>Which numbers of heads k the validation scan measures.</summary>
public enum ScanRange
{
    /// <summary>k = 0..N: complete curves.</summary>
    Full,

    /// <summary>
    /// k = 0, 1, ... until every threshold asked for is crossed: curves of samples end at different k.
    /// </summary>
    UntilCrossed,

    /// <summary>
    /// Every k up to 32, from there steps of 4 % of N, and N: the same in all samples. Between the last place before a
    /// threshold is crossed and the first after it, every k up to the crossing, too.
    /// </summary>
    Grid,
}

/// <summary>Faithfulness and completeness of rankings (paper, validation).</summary>
[Named("validate")]
public sealed record ValidateSpec : StageSpec, IRuled
{
    /// <summary>
    /// Orders of heads compared: criteria, <c>{ run: NAME }</c> (mean beta of a finished run) or <c>{ file: heads.jsonl
    /// }</c>.
    /// </summary>
    public IReadOnlyList<RankingSpec> RankBy { get; init; } =
    [Criterion.HeadAttribution, Criterion.Causal, Criterion.Attention, Criterion.Random];

    /// <summary>Heads needed: the smallest k whose faithfulness exceeds this (paper: 0.8).</summary>
    [Between(0, 1)]
    public double Faithfulness { get; init; } = PaperThresholds.Faithfulness;

    /// <summary>Heads needed: the smallest k whose completeness falls below this (paper: 0.2).</summary>
    [Between(0, 1)]
    public double Completeness { get; init; } = PaperThresholds.Completeness;

    /// <summary>
    /// Thresholds t compared (paper, Fig. 5): the smallest k whose faithfulness exceeds t, and the smallest k whose
    /// completeness falls below 1 - t. A scan until crossed goes on to the strictest; a grid is refined where each is
    /// crossed.
    /// </summary>
    [Between(0, 1)]
    public IReadOnlyList<double> Thresholds { get; init; } = [0.5, 0.6, 0.7, 0.8, 0.9];

    /// <summary>Random orders averaged.</summary>
    [Between(1, 1000)]
    public int RandomSeeds { get; init; } = 3;

    /// <summary>
    /// Which k are measured: <c>full</c> (every one), <c>until-crossed</c> (to the thresholds) or <c>grid</c> (every k
    /// up to 32, then steps of 4 % of the heads, and what it takes to find where thresholds are crossed). Left out:
    /// <c>grid</c> for models of more than 256 heads, else <c>full</c>.
    /// </summary>
    public ScanRange? Scan { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs =>
        [
            .. MayNeed.Where(need =>
                (need.Kind != typeof(RegressSpec) || Compares(Criterion.HeadAttribution))
                && (need.Kind != typeof(GradientPassesSpec) || Compares(Criterion.Gradient))
            ),
        ];

    /// <summary>Whether a criterion is among the orders.</summary>
    public bool Compares(Criterion criterion) => RankBy.Contains(criterion);

    /// <summary>The completeness that goes with a faithfulness: 0.2 with 0.8, as the paper pairs them.</summary>
    public static double CompletenessWith(double faithfulness) => Math.Round(1 - faithfulness, 12); // stay decimals

    /// <summary>Every threshold of a quantity that is asked for, ascending: of heads needed, and those
    /// compared.</summary>
    public IReadOnlyList<double> Asked(ValidationQuantity quantity) =>
        quantity == ValidationQuantity.Faithfulness
            ? [.. Thresholds.Append(Faithfulness).Distinct().Order()]
            : [.. Thresholds.Select(CompletenessWith).Append(Completeness).Distinct().Order()];

    /// <summary>Tables and figures call an order by its name.</summary>
    IEnumerable<BrokenRule> IRuled.Broken =>
        from orders in RankBy.Distinct().GroupBy(r => r.Name, StringComparer.Ordinal)
        where orders.Count() > 1
        select new BrokenRule(["rank_by"], $"two orders are called '{orders.Key}': give the files names of their own");

    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> MayNeed =>
        [
            StageInput.Of<ForwardPassesSpec>("forward"),
            StageInput.Of<RegressSpec>("attribution"),
            StageInput.Of<GradientPassesSpec>("gradients"),
        ];
}

/// <summary>Writes tables, figures and the page.</summary>
[Named("report")]
public sealed record ReportSpec : StageSpec
{
    /// <inheritdoc/>
    public override IReadOnlyList<StageInput> Needs =>
        [
            StageInput.Of<AnswerQuestionsSpec>("samples"),
            StageInput.Of<CollectMeanKvSpec>("baseline", optional: true),
            StageInput.Of<ForwardPassesSpec>("forward", optional: true),
            StageInput.Of<RegressSpec>("attribution", optional: true),
            StageInput.Of<ValidateSpec>("validation", optional: true),
            .. StageKinds.Reported.Select(k => new StageInput(k.Role, k.Kind, Optional: true)),
        ];
}
