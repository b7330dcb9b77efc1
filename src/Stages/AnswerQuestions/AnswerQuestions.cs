using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Data;
using Pipelines.Stages.Data.Matching;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Asks the question about pictures in seed order until enough answers are right. A unit is a picture with the model's
/// own words; whether they are right is decided when they are read, so another answer rule costs no run of the model.
/// </summary>
/// <remarks>
/// No picture is asked about in vain: as many are known at a time as are still needed if every answer is right.
/// </remarks>
[StageOf<AnswerQuestionsSpec>]
public sealed class AnswerQuestions(StageContext context, AnswerQuestionsSpec spec) : Stage
{
    private const int ExamplesTold = 3;

    private readonly AnswerBlocks blocks = new(context, spec);
    private readonly AnswerCheck check = new(spec.Answer.Plurals, spec.Answer.Synonyms);

    /// <inheritdoc/>
    public override string WorkUnit => context.Experiment.Data is QuestionsData ? "questions" : "pictures";

    /// <summary>The spec.</summary>
    public AnswerQuestionsSpec Spec => spec;

    /// <summary>Samples at most: those asked for, or as many as there are pictures or questions to ask.</summary>
    public int MostSamples => Math.Min(spec.Keep, blocks.Candidates);

    /// <summary>What is asked; where pictures have questions of their own, what is put around them.</summary>
    public string Question => context.Question;

    /// <summary>What is asked about a picture.</summary>
    public string QuestionOf(DataItem item) => context.QuestionOf(item);

    /// <summary>When an answer counts as right.</summary>
    public AnswerMatch Match => Matcher.Rule;

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts)
    {
        Asking asking = Ask(artifacts, NewCounts());
        return new UnitList(asking.Units, asking.IsOpen ? "these answers are there" : null);
    }

    /// <summary>The samples that are kept, in seed order; null while answers are missing.</summary>
    /// <exception cref="NoSampleException">No answer can be used.</exception>
    public IReadOnlyList<Sample>? Samples(Artifacts artifacts) => Kept(Asked(artifacts));

    /// <summary>The samples that are kept, in seed order, perhaps none; null while answers are missing.</summary>
    public IReadOnlyList<Sample>? SamplesIfAny(Artifacts artifacts) => Kept(Verdicts(artifacts, NewCounts()));

    /// <summary>All pictures asked about, with the verdict; null while answers are missing.</summary>
    /// <exception cref="NoSampleException">No answer can be used.</exception>
    public IReadOnlyList<Asked>? Asked(Artifacts artifacts)
    {
        ObjectCounts objects = NewCounts();
        IReadOnlyList<Asked>? verdicts = Verdicts(artifacts, objects);
        return verdicts is null || verdicts.Any(a => a.Kept) ? verdicts : throw NothingKept(verdicts, objects);
    }

    /// <summary>
    /// The samples that are known to be kept, in seed order, whatever the answers say that are not there yet: those
    /// before the first that is missing. An object with too few samples so far may come to have enough.
    /// </summary>
    public IReadOnlyList<Sample> SamplesSoFar(Artifacts artifacts)
    {
        Asking asking = Ask(artifacts, NewCounts());
        Sample[] kept = [.. asking.Pictures.Take(asking.Settled).Where(a => a.Kept).Select(a => a.Sample)];
        var counts = kept.CountBy(s => s.Object, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        return [.. kept.Where(s => counts[s.Object] >= spec.PerObject.Least)];
    }

    /// <summary>
    /// The pictures whose answers are there, in seed order, whether or not all are and any can be used.
    /// </summary>
    public IReadOnlyList<Asked> AskedSoFar(Artifacts artifacts)
    {
        ObjectCounts objects = NewCounts();
        Asking asking = Ask(artifacts, objects);
        return asking.IsOpen ? asking.Pictures : Settled(asking, objects);
    }

    /// <summary>This stage asking about the first pictures only: the same units.</summary>
    /// <param name="pictures">Pictures at most.</param>
    public AnswerQuestions First(int pictures) =>
        new(context, spec with { Limit = spec.Limit > 0 ? Math.Min(pictures, spec.Limit) : pictures })
        {
            Name = Name,
            IsOneOfSeveral = IsOneOfSeveral,
        };

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        [
            .. AreMeasured
                ? Array.Empty<PublishedTable>()
                : [new PublishedTable<SampleRow>(() => SampleRows(artifacts))],
            .. context.HasOwnQuestions ? OfQuestions(artifacts) : [],
            .. context.MeasuresOwnLogit
                ? Array.Empty<PublishedTable>()
                : [new PublishedTable<MeasuredRow>(() => Measured(artifacts))],
        ];

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> PublishedUnfinished(Artifacts artifacts) =>
        SampleRows(artifacts) is { Count: > 0 } rows ? [new PublishedTable<SampleRow>(() => rows)] : [];

    /// <inheritdoc/>
    public override string PublishedFacts(Artifacts artifacts) =>
        (AreMeasured ? "" : Tables.Of<SampleRow>().Csv(SampleRows(artifacts)))
        + (context.HasOwnQuestions ? Tables.Of<QuestionRow>().Csv(QuestionRows(artifacts)) : "");

    /// <summary>The table of samples before anything is measured: the pictures whose answers are there.</summary>
    public IReadOnlyList<SampleRow> SampleRows(Artifacts artifacts) =>
        [.. AskedSoFar(artifacts).Select(a => a.ToRow(QuestionOf(a.Sample.Item))), .. LeftOutRows];

    /// <summary>How many questions are never asked, and the reason of most; null where there are none.</summary>
    public string? LeftOutQuestions
    {
        get
        {
            var left = context.LeftOutQuestions.GroupBy(i => i.LeftOut, StringComparer.Ordinal).ToArray();
            return left.Length == 0
                ? null
                : Invariant.Text(
                    $"{Format.Many(left.Sum(g => g.Count()), "row")} not asked about; the reason of most: "
                        + $"{Shown.Name(left.MaxBy(g => g.Count())!.Key!)}"
                );
        }
    }

    /// <summary>Questions that are never asked, with the reason.</summary>
    internal IEnumerable<SampleRow> LeftOutRows =>
        context.LeftOutQuestions.Select(i => Stages.Asked.LeftOut(i, i.Question is null ? "" : QuestionOf(i)));

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var asked = Asked(artifacts)!;
        var counts = AnswerCounts.Over(asked);
        bool more = counts.Kept < spec.Keep && !counts.LeavesOutByObject;
        string few = more ? $"; {spec.Keep} were asked for, but there are no more {WorkUnit}" : "";
        return
        [
            .. context.Pictures.Notes.Select(note => new SummaryRow("pictures", note)),
            new SummaryRow(Name, counts.Words + few),
            .. context.HasOwnQuestions ? OfQuestionFiles(asked) : [],
            .. TargetNotes.Of(asked).Select(note => new SummaryRow($"{Name}: targets", note)),
        ];
    }

    /// <summary>What was measured of the answers, of all that were looked at.</summary>
    private IReadOnlyList<MeasuredRow> Measured(Artifacts artifacts) =>
        [.. AskedSoFar(artifacts).Select(a => a.Target).OfType<MeasuredRow>()];

    /// <summary>The tables of pictures with questions of their own.</summary>
    private IEnumerable<PublishedTable> OfQuestions(Artifacts artifacts)
    {
        yield return new PublishedTable<QuestionRow>(() => QuestionRows(artifacts));
        yield return new PublishedTable<AccuracyRow>(() => Judged(artifacts).Accuracy);
        yield return new PublishedTable<ConfusionRow>(() => Judged(artifacts).Confusions);
    }

    /// <summary>The questions that were asked, in seed order.</summary>
    private IReadOnlyList<QuestionRow> QuestionRows(Artifacts artifacts) =>
        [.. AskedSoFar(artifacts).Where(a => a.Sample.Item.Question is not null).Select(QuestionRow.Of)];

    private AccuracyTables Judged(Artifacts artifacts) =>
        AccuracyTables.Of(
            Match,
            [
                .. AskedSoFar(artifacts)
                    .Where(a => a.Match is not null)
                    .Select(a => new JudgedAnswer(a.Sample.Id, a.Sample.Item.Question?.Groups ?? [], a.Match!)),
            ]
        );

    /// <summary>What was read of the files, and how right the answers are.</summary>
    private IEnumerable<SummaryRow> OfQuestionFiles(IReadOnlyList<Asked> asked)
    {
        int pictures = asked
            .Where(a => a.Kept)
            .Select(a => a.Sample.Item.File)
            .Distinct(StringComparer.Ordinal)
            .Count();
        yield return new SummaryRow(
            $"{Name}: pictures",
            $"the samples are of {Format.Many(pictures, "picture")}; answers are judged by {Spelling.Of(Match)}"
        );
    }

    /// <summary>Forward passes publish the table of samples, with what they measured.</summary>
    private bool AreMeasured =>
        context.Experiment.Stages.Any(n =>
            n.Spec is ForwardPassesSpec && n.Inputs.GetValueOrDefault("samples") == Name
        );

    private static IReadOnlyList<Sample>? Kept(IReadOnlyList<Asked>? asked) =>
        asked is null ? null : [.. asked.Where(a => a.Kept).Select(a => a.Sample)];

    private IReadOnlyList<Asked>? Verdicts(Artifacts artifacts, ObjectCounts objects) =>
        Ask(artifacts, objects) is { IsOpen: false } asking ? Settled(asking, objects) : null;

    private static IReadOnlyList<Asked> Settled(Asking asking, ObjectCounts objects) =>
        asking.Pictures.ConvertAll(objects.LeaveOutFew);

    /// <summary>Goes through the pictures in seed order, as far as answers are there, until enough are kept.</summary>
    private Asking Ask(Artifacts artifacts, ObjectCounts objects)
    {
        check.RequireKnown(context.Pictures);
        RequireLabels();
        List<Unit> asked = [],
            found = [];
        var pictures = new List<Asked>();
        int next = 0,
            kept = 0,
            missing = 0;
        int? settled = null;
        // As many as are needed even if every answer is right: none of them is asked about in vain
        while (next < blocks.Candidates && kept + missing < spec.Keep)
        {
            AnswerBlock block = blocks.At(artifacts, next, AreMeasured ? 0 : spec.Keep - kept - missing);
            asked.Add(block.Unit);
            int skipped = next - block.First;
            next = block.First + block.Items.Count;
            if (!artifacts.Has(block.Unit))
            {
                missing += block.Items.Count;
                settled ??= pictures.Count;
                continue;
            }

            foreach (Asked judged in Judge(artifacts, block).Skip(skipped))
            {
                if (kept == spec.Keep)
                {
                    break;
                }

                Asked one = objects.Take(judged);
                if (one.Awaits)
                {
                    settled ??= pictures.Count;
                }

                pictures.Add(one);
                if (one.Kept)
                {
                    kept++;
                }

                bool isWanted = one.Kept && missing == 0; // behind a missing answer it may not come to be kept
                if (one.FoundBy is { } target && (isWanted || !one.Awaits))
                {
                    found.Add(target);
                }
            }
        }

        return new Asking(
            [.. asked, .. found],
            pictures,
            settled ?? pictures.Count,
            missing > 0 || !found.TrueForAll(artifacts.Has)
        );
    }

    /// <summary>
    /// Before the model is asked anything: what is expected goes with the rule, of some of the first.
    /// </summary>
    private void RequireLabels()
    {
        const int looked = 64;
        AnswerMatcher rule = Matcher;
        string?[] problems = [.. context.Items.Take(looked).Select(rule.LabelProblem)];
        if (problems.Length > 0 && problems.All(p => p is not null))
        {
            throw new InputException(
                $"stages.{Name}.match",
                $"no expected answer goes with {Spelling.Of(rule.Rule)} (for example: {problems[0]}).",
                "Set another match."
            );
        }
    }

    private AnswerMatcher Matcher => AnswerMatcher.Of(spec.Match ?? context.Pictures.UsualMatch, check);

    private ObjectCounts NewCounts() => new(spec.PerObject, context.HasOwnQuestions ? spec.PerPicture : 0);

    private NoSampleException NothingKept(IReadOnlyList<Asked> asked, ObjectCounts objects)
    {
        var counts = AnswerCounts.Over(asked);
        string Examples(Func<Asked, bool> which) =>
            string.Join(
                "; ",
                asked
                    .Where(which)
                    .Take(ExamplesTold)
                    .Select(a => $"{Shown.Name(a.Sample.Item.File)}: {Shown.Name(a.Reason!)}")
            );
        if (asked.Count == 0 && context.LeftOutQuestions.ToArray() is { Length: > 0 } left)
        {
            var most = left.GroupBy(i => i.LeftOut, StringComparer.Ordinal).MaxBy(g => g.Count())!;
            return new NoSampleException(
                Name,
                $"none of {left.Length} questions can be asked; of {most.Count()} the reason is: {most.Key}.",
                "Name the columns that hold it, or set another target or baseline."
            );
        }

        if (
            counts.Usable == 0
            && asked.Select(a => Matcher.LabelProblem(a.Sample.Item)).FirstOrDefault() is { } problem
        )
        {
            return new NoSampleException(
                Name,
                $"no expected answer goes with match: {Spelling.Of(Match)} (for example: {problem}).",
                "Set another match."
            );
        }

        if (counts.Asked == 0)
        {
            bool bySize = context.Image.KeepSizes;
            return new NoSampleException(
                Name,
                $"none of {asked.Count} pictures {(bySize ? "has the size asked for" : "could be asked about")} (for "
                    + $"example {Examples(_ => true)}).",
                bySize
                    ? "Set model.image.other_sizes to resize, or another model.image.size."
                    : "Use pictures that can be read."
            );
        }

        if (counts.Usable == 0)
        {
            string none =
                spec.Which == AnswersUsed.Wrong ? "answers is wrong"
                : counts.Judged > 0 ? "answers is right"
                : "answers holds a word";
            return new NoSampleException(
                Name,
                $"none of {counts.Asked} {none} (for example {Examples(a => a.Fits)}).",
                "Check the prompt, the answer rule and the pictures."
                    + (counts.Judged > 0 && !context.HasOwnQuestions ? RightByLabels(asked) : "")
            );
        }

        if (counts.Unmeasurable == counts.Usable)
        {
            return new NoSampleException(
                Name,
                $"no token can be measured of any of {counts.Usable} answers (for example "
                    + $"{Examples(a => !a.Measurable)}).",
                "Use another prompt."
            );
        }

        string samples = counts.Judged > 0 ? "correct samples" : "samples";
        return new NoSampleException(
            $"stages.{Name}.per_object.least",
            $"no object has {spec.PerObject.Least} {samples}; the most are {objects.Most} of '{objects.MostFrequent}'.",
            "Use a smaller number, or more pictures."
        );
    }

    /// <summary>
    /// What a question about something else than the labelled objects needs: by the labels none of its answers can be
    /// right.
    /// </summary>
    private static string RightByLabels(IReadOnlyList<Asked> asked)
    {
        string category = Shown.Name(asked.First(a => a.Sample.Item.Category is not null).Sample.Item.Category!);
        return $" The labels name objects, such as '{category}', and an answer is right where it is the picture's: for "
            + "a question about something else leave them out, --set 'data={kind: folder, images: FOLDER}'.";
    }

    private IEnumerable<Asked> Judge(Artifacts artifacts, AnswerBlock block)
    {
        IEnumerable<Said> said = context.HasOwnQuestions
            ? artifacts.Learn<SaidRow>(block.Unit).Select(Said.Of)
            : artifacts.Learn<AnswerRow>(block.Unit).Select(Said.Of);
        return block.Items.Zip(said, (item, row) => Judge(artifacts, item, row)).Take(blocks.Candidates - block.First);
    }

    private Asked Judge(Artifacts artifacts, DataItem item, Said said)
    {
        var nothing = new Sample(item, said.Answer, AnswerRow.NoToken, "");
        if (said.Reason is { } unfit)
        {
            return new Asked(nothing, Verdict.NotAsked, unfit, Usable: false);
        }

        MatchedAnswer match = Matcher.Match(said.Answer, item);
        Verdict verdict =
            match.Right is not { } right ? Verdict.NotJudged
            : right ? Verdict.Right
            : Verdict.Wrong;
        string? reason = WhyNotUsed(verdict, match);
        var asked = new Asked(nothing, verdict, reason, Usable: reason is null) { Match = match, Ended = said.Ended };
        if (!context.MeasuresOwnLogit)
        {
            return reason is null ? WithTarget(artifacts, asked) : asked;
        }

        if (said.Target is { } first)
        {
            var sample = new Sample(item, said.Answer, first.Token, first.Text)
            {
                Given = first.Given,
                GivenText = first.GivenText,
                IsPiece = first.IsPiece,
            };
            return asked with { Sample = sample };
        }

        if (reason is not null)
        {
            return asked;
        }

        return said.Problem is { } problem
            ? asked with
            {
                Reason = problem,
                Measurable = false,
            }
            : WithFirstToken(artifacts, asked);
    }

    /// <summary>Why an answer becomes no sample, by <c>which</c>; null where it does.</summary>
    private string? WhyNotUsed(Verdict verdict, MatchedAnswer match) =>
        (spec.Which, verdict) switch
        {
            (AnswersUsed.Right, Verdict.Right) or (AnswersUsed.Wrong or AnswersUsed.All, Verdict.Wrong) => null,
            (AnswersUsed.All, Verdict.Right) => null,
            (AnswersUsed.Wrong, Verdict.Right) => "the answer is right, and wrong ones are asked for (which: wrong)",
            (AnswersUsed.Wrong, Verdict.NotJudged) => match.Reason
                ?? "nothing judges the answer, and wrong ones are asked for (which: wrong)",
            _ => match.Reason,
        };

    /// <summary>The target of an answer that does not begin with it, once the unit that finds it is there.</summary>
    private Asked WithFirstToken(Artifacts artifacts, Asked asked)
    {
        DataItem item = asked.Sample.Item;
        Unit unit = TargetUnit(artifacts, item);
        if (!artifacts.Has(unit))
        {
            return asked with { FoundBy = unit, Awaits = true };
        }

        TargetRow target = artifacts.Learn<TargetRow>(unit)[0];
        var found = new Sample(item, asked.Sample.Answer, target.TargetToken, target.Target)
        {
            Given = target.GivenIds,
            GivenText = target.Given,
            IsPiece = target.IsPiece,
        };
        return asked with
        {
            Sample = found,
            Reason = target.Reason,
            Measurable = target.Reason is null,
            FoundBy = unit,
        };
    }

    /// <summary>What <c>target</c> measures of a sample, once the unit that finds it is there.</summary>
    private Asked WithTarget(Artifacts artifacts, Asked asked)
    {
        DataItem item = asked.Sample.Item;
        Unit unit = MeasuredUnit(artifacts, item);
        if (!artifacts.Has(unit))
        {
            return asked with { FoundBy = unit, Awaits = true };
        }

        // Rows that ask the same of one picture share the unit: whose it is, is said here
        MeasuredRow row = artifacts.Learn<MeasuredRow>(unit)[0] with { SampleId = item.SampleId };
        var found = new Sample(item, asked.Sample.Answer, row.TargetToken, row.Target)
        {
            Given = TokenIds.Read(row.GivenTokens),
            GivenText = row.Given,
            IsPiece = row.IsPiece,
            Measured = row.Text.Trim(),
            Against = row.AgainstToken,
            Sequence = TokenIds.Read(row.Sequence),
        };
        return asked with
        {
            Sample = found,
            Reason = row.Reason,
            Measurable = row.Reason is null,
            FoundBy = unit,
            Target = row,
        };
    }

    /// <summary>Tokens of an answer at most.</summary>
    private int MaxTokens => blocks.MaxTokens;

    private Unit MeasuredUnit(Artifacts artifacts, DataItem item) =>
        artifacts.Once(this, nameof(MeasuredUnit), item.SampleId, () =>
        {
            bool own = context.Target.Whose == TargetOf.ModelAnswer;
            return Unit.Of(
                $"{item.SampleId}/measured",
                new MeasuredAnswer(
                    context.Source,
                    context.SourceOf(item),
                    QuestionOf(item),
                    context.Target.Kind,
                    own ? null : item.Category,
                    context.Target.IsDifference ? item.Question?.CounterAnswer : null,
                    own ? MaxTokens : null,
                    context.Target.End ? true : null
                )
            );
        });

    /// <summary>
    /// Finds the target of an answer that does not begin with it. Units of their own, because most answers need none:
    /// what is stored of those stays as it is.
    /// </summary>
    private Unit TargetUnit(Artifacts artifacts, DataItem item) =>
        artifacts.Once(this, nameof(TargetUnit), item.SampleId, () =>
            Unit.Of(
                $"{item.SampleId}/target",
                new TargetOfAnswer(context.Source, context.Question, MaxTokens, item.SampleId, context.SourceOf(item))
            )
        );

    /// <summary>How far the asking has come.</summary>
    /// <param name="Units">The units known now.</param>
    /// <param name="Pictures">Those whose answers are there.</param>
    /// <param name="Settled">So many of them are what they are whatever is still missing.</param>
    /// <param name="IsOpen">A unit is missing.</param>
    private sealed record Asking(IReadOnlyList<Unit> Units, List<Asked> Pictures, int Settled, bool IsOpen);
}
