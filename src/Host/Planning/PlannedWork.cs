using Pipelines.Stages;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Planning;

/// <summary>Units that cost alike: of one kind, and of one class within it.</summary>
/// <param name="Kind">Stage kind.</param>
/// <param name="Class">What a kind with several sorts of units calls them: <c>ends</c>, <c>masks</c>, <c>text
/// tokens</c>; else empty.</param>
/// <param name="Units">So many.</param>
/// <param name="Work">Their work, in the kind's own measure.</param>
/// <param name="Preparations">Samples whose picture goes through tower and prefix for them: once a sample and wave of
/// units.</param>
internal sealed record PlannedWork(string Kind, string Class, long Units, long Work, long Preparations)
{
    private const string Forward = "forward-passes",
        Tokens = "token-trace",
        Validate = "validate";

    /// <summary>Kinds whose units run the model over a sample.</summary>
    private static readonly string[] OnSamples = [Forward, Validate, Tokens, "logit-lens", "gradient-passes"];

    /// <summary>Kinds whose units' names end with their sort, behind the sample.</summary>
    private static readonly string[] WithClasses = [Forward, Validate, Tokens];

    /// <summary>Units by what they cost.</summary>
    public static IEnumerable<PlannedWork> Of(IEnumerable<Unit> units) =>
        units
            .GroupBy(u => (u.Kind, Class: ClassOf(u.Kind, u.Name)))
            .Select(g => new PlannedWork(
                g.Key.Kind,
                g.Key.Class,
                g.LongCount(),
                g.Sum(u => u.Work),
                OnSamples.Contains(g.Key.Kind) && g.Key.Class != "image fit"
                    ? g.Select(SampleOf).Distinct(StringComparer.Ordinal).LongCount()
                    : 0
            ));

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
    public static IEnumerable<PlannedWork> Expected(Stage stage, UnitList list)
    {
        if (list.WaitsFor is null)
        {
            return [];
        }

        bool nothingKnown = list.Known.Count == 0;
        return stage switch
        {
            AnswerQuestions => [], // more pictures are asked about only where answers are wrong
            SampleMasks masks =>
            [
                new PlannedWork(stage.Kind, "", Shards(list.ExpectedMore, masks.Spec.Shard), list.ExpectedMore, 0),
            ],
            ForwardPasses forward => Passes(forward, list.ExpectedMore, nothingKnown),
            // the first criterion of a sample prepares it for the others
            Validate validate => validate
                .Spec.RankBy.Select(validate.Expected)
                .Select(
                    (e, i) =>
                        new PlannedWork(
                            Validate,
                            ClassOf(Validate, e.Ranking.Name),
                            e.Samples,
                            e.Passes,
                            i == 0 ? e.Samples : 0
                        )
                ),
            TokenTrace tokens => Tracing(tokens),
            GradientPasses gradients =>
            [
                new PlannedWork(
                    stage.Kind,
                    "",
                    Shards(list.ExpectedMore, gradients.Spec.Shard),
                    list.ExpectedMore,
                    gradients.Forward.ExpectedSamples
                ),
            ],
            SampleStage samples =>
            [
                new PlannedWork(
                    stage.Kind,
                    "",
                    list.ExpectedMore,
                    list.ExpectedMore,
                    samples is LogitLens ? list.ExpectedMore : 0
                ),
            ],
            AblationRatio or PromptSimilarity => Study(list.ExpectedMore),
            _ => [new PlannedWork(stage.Kind, "", 1, 1, 0)],
        };
    }

    private static IEnumerable<PlannedWork> Passes(ForwardPasses forward, long masks, bool nothingKnown)
    {
        long samples = (masks + forward.Masks.Most - 1) / forward.Masks.Most;
        if (nothingKnown)
        {
            yield return new PlannedWork(Forward, "ends", samples, 2 * samples, samples);
        }

        yield return new PlannedWork(
            Forward,
            "masks",
            samples * Shards(forward.Masks.Most, forward.Masks.Spec.Shard),
            masks,
            samples
        );
    }

    private static IEnumerable<PlannedWork> Tracing(TokenTrace tokens)
    {
        long samples = tokens.ExpectedSamples,
            masks = tokens.Spec.Count;
        yield return new PlannedWork(Tokens, "text tokens", samples, samples, samples);
        if (!tokens.TracesImage)
        {
            yield break;
        }

        yield return new PlannedWork(
            Tokens,
            "image masks",
            samples * Shards(masks, tokens.Spec.Shard),
            samples * masks,
            samples
        );
        yield return new PlannedWork(Tokens, "image fit", samples, samples, 0);
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

    private static long Shards(long work, int shard) => (work + shard - 1) / shard;

    private static string SampleOf(Unit unit) =>
        unit.Parts.OfType<KeyPart.Text>().FirstOrDefault(p => p.Name == "sample")?.Value ?? unit.Name;
}
