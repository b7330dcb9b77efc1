using Pipelines.Stages;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Planning;

/// <summary>Units that cost alike: of one kind, and of one class within it.</summary>
/// <param name="Kind">Stage kind.</param>
/// <param name="Class">What a kind with several sorts of units calls them: <c>ends</c>, <c>masks</c>, <c>text
/// tokens</c>; else empty.</param>
/// <param name="Units">So many.</param>
/// <param name="Work">Their work, in the kind's own measure.</param>
/// <param name="Preparations">Pictures that go through tower and prefix for them: what is computed of a picture is kept
/// for all units about it, so that it counts where the first of them stands.</param>
internal sealed record PlannedWork(string Kind, string Class, long Units, long Work, long Preparations)
{
    private const string Forward = "forward-passes",
        Answers = "answer-questions",
        Tokens = "token-trace",
        Validate = "validate";

    /// <summary>Units that time passes.</summary>
    internal const string Seconds = "pass-seconds";

    /// <summary>Kinds whose units run the model over a sample.</summary>
    private static readonly string[] OnSamples = [Forward, Validate, Tokens, "logit-lens", "gradient-passes", Seconds];

    /// <summary>Kinds whose units' names end with their sort, behind the sample.</summary>
    private static readonly string[] WithClasses = [Forward, Validate, Tokens];

    /// <summary>Units by what they cost.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="units">Units of it.</param>
    /// <param name="prepared">Pictures that stages before it prepare; those of these units are added. A study comes to
    /// its pictures again, after all others.</param>
    public static IReadOnlyList<PlannedWork> Of(Stage stage, IEnumerable<Unit> units, HashSet<string> prepared)
    {
        bool isStudy = IsStudy(stage);
        HashSet<string> before = isStudy ? new(StringComparer.Ordinal) : prepared;
        return
        [
            .. units
                .GroupBy(u => (u.Kind, Class: ClassOf(u.Kind, u.Name)))
                .Select(g => new PlannedWork(
                    g.Key.Kind,
                    g.Key.Class,
                    g.LongCount(),
                    g.Sum(u => u.Work),
                    FirstPrepared(g.Key.Kind, g, before, isStudy)
                )),
        ];
    }

    /// <summary>The class of a unit by its name: numbers do not count.</summary>
    public static string ClassOf(string kind, string name)
    {
        if (!WithClasses.Contains(kind))
        {
            return "";
        }

        return string.Concat(name[(name.LastIndexOf('/') + 1)..].Where(c => char.IsAsciiLetter(c) || c == ' ')).Trim();
    }

    /// <summary>
    /// What a stage is expected to have to do beyond the units that it knows now: they depend on what is not computed
    /// yet.
    /// </summary>
    /// <remarks>
    /// Samples that are not known yet are asked about first, and what is computed of their pictures is kept from there:
    /// only a study comes to them again.
    /// </remarks>
    public static IEnumerable<PlannedWork> Expected(Stage stage, UnitList list, Artifacts artifacts)
    {
        if (list.WaitsFor is null)
        {
            return [];
        }

        return stage switch
        {
            AnswerQuestions => [], // more pictures are asked about only where answers are wrong
            SampleMasks masks =>
            [
                new PlannedWork(stage.Kind, "", Shards(list.ExpectedMore, masks.Spec.Shard), list.ExpectedMore, 0),
            ],
            ForwardPasses forward => Passes(forward, list.ExpectedMore, forward.SamplesToCome(artifacts)),
            Validate validate => validate
                .Spec.RankBy.Select(r => validate.Expected(r, list.ExpectedMore))
                .Select(e => new PlannedWork(
                    Validate,
                    ClassOf(Validate, e.Ranking.Name),
                    e.Samples,
                    e.Passes,
                    0
                )),
            TokenTrace tokens => Tracing(tokens, list.ExpectedMore / tokens.WorkEach),
            GradientPasses gradients =>
            [
                new PlannedWork(
                    stage.Kind,
                    "",
                    Shards(list.ExpectedMore, gradients.Spec.Shard),
                    list.ExpectedMore,
                    0
                ),
            ],
            SampleStage => [new PlannedWork(stage.Kind, "", list.ExpectedMore, list.ExpectedMore, 0)],
            GradientWorth worth => Worth(stage.Kind, worth),
            _ when IsStudy(stage) => Study(list.ExpectedMore),
            _ => [new PlannedWork(stage.Kind, "", 1, 1, 0)],
        };
    }

    private static IEnumerable<PlannedWork> Passes(ForwardPasses forward, long masks, long toCome)
    {
        if (toCome > 0)
        {
            yield return new PlannedWork(Forward, "ends", toCome, 2 * toCome, 0);
        }

        long samples = (masks + forward.Masks.Most - 1) / forward.Masks.Most;
        yield return new PlannedWork(
            Forward,
            "masks",
            samples * Shards(forward.Masks.Most, forward.Masks.Spec.Shard),
            masks,
            0
        );
    }

    private static IEnumerable<PlannedWork> Tracing(TokenTrace tokens, long samples)
    {
        long masks = tokens.Spec.Count;
        yield return new PlannedWork(Tokens, "text tokens", samples, samples, 0);
        if (!tokens.TracesImage)
        {
            yield break;
        }

        yield return new PlannedWork(
            Tokens,
            "image masks",
            samples * Shards(masks, tokens.Spec.Shard),
            samples * masks,
            0
        );
        yield return new PlannedWork(Tokens, "image fit", samples, samples, 0);
    }

    private static IEnumerable<PlannedWork> Worth(string kind, GradientWorth worth)
    {
        var (samples, fits, passes) = worth.Expected;
        yield return new PlannedWork(kind, "", samples * (fits + 1), samples * (fits + 1), 0);
        yield return new PlannedWork(Validate, "", samples * fits, samples * fits * passes, samples);
        yield return new PlannedWork(Seconds, "", samples, samples * worth.Rounds, samples);
    }

    /// <summary>A study's chains: it tells the passes only.</summary>
    private static IEnumerable<PlannedWork> Study(long passes)
    {
        const int shard = 250;
        long samples = Shards(passes, 4 * shard);
        yield return new PlannedWork("sample-masks", "", Shards(passes, shard), passes, 0);
        yield return new PlannedWork(Forward, "masks", Shards(passes, shard), passes, samples);
        yield return new PlannedWork("regress", "", samples, samples, 0);
    }

    private static bool IsStudy(Stage stage) => stage is AblationRatio or PromptSimilarity;

    private static long Shards(long work, int shard) => (work + shard - 1) / shard;

    /// <summary>
    /// Pictures that these units are the first to prepare. An answer's cost holds that of its picture already.
    /// </summary>
    private static long FirstPrepared(string kind, IEnumerable<Unit> units, HashSet<string> prepared, bool isStudy)
    {
        IEnumerable<string> pictures = units.Select(u => u.Picture).OfType<string>();
        if (OnSamples.Contains(kind))
        {
            return pictures.Count(prepared.Add);
        }

        if (kind == Answers && !isStudy) // a study asks about all before it goes on with any
        {
            prepared.UnionWith(pictures);
        }

        return 0;
    }
}
