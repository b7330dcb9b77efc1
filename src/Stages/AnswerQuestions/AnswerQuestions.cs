using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Text;
using Pipelines.Models.Vision;
using Pipelines.Spec;
using Pipelines.Stages.Data;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Asks the question about pictures in seed order until enough answers are right. A unit is a block of pictures with
/// the model's own words; whether they are right is decided when they are read, so another answer rule costs no run of
/// the model.
/// </summary>
[StageOf<AnswerQuestionsSpec>]
public sealed class AnswerQuestions(StageContext context, AnswerQuestionsSpec spec) : Stage
{
    /// <summary>Pictures of a unit.</summary>
    public const int BlockSize = 8;

    private const int NoToken = -1,
        ExamplesTold = 3;

    private readonly AnswerCheck check = new(spec.Answer.Plurals, spec.Answer.Synonyms);

    /// <inheritdoc/>
    public override string WorkUnit => "pictures";

    /// <summary>The spec.</summary>
    public AnswerQuestionsSpec Spec => spec;

    /// <summary>Samples asked for.</summary>
    public int Keep => spec.Keep;

    /// <summary>What is asked.</summary>
    public string Question => context.Question;

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts)
    {
        Asking asking = Ask(artifacts, new ObjectCounts(spec.PerObject));
        return new UnitList(asking.Units, asking.IsOpen ? "these answers are there" : null);
    }

    /// <summary>The samples that are kept, in seed order; null while answers are missing.</summary>
    /// <exception cref="NoSampleException">No answer can be used.</exception>
    public IReadOnlyList<Sample>? Samples(Artifacts artifacts) => Kept(Asked(artifacts));

    /// <summary>The samples that are kept, in seed order, perhaps none; null while answers are missing.</summary>
    public IReadOnlyList<Sample>? SamplesIfAny(Artifacts artifacts) =>
        Kept(Verdicts(artifacts, new ObjectCounts(spec.PerObject)));

    /// <summary>All pictures asked about, with the verdict; null while answers are missing.</summary>
    /// <exception cref="NoSampleException">No answer can be used.</exception>
    public IReadOnlyList<Asked>? Asked(Artifacts artifacts)
    {
        var objects = new ObjectCounts(spec.PerObject);
        IReadOnlyList<Asked>? verdicts = Verdicts(artifacts, objects);
        return verdicts is null || verdicts.Any(a => a.Kept) ? verdicts : throw NothingKept(verdicts, objects);
    }

    /// <summary>
    /// The pictures whose answers are there, in seed order, whether or not all are and any can be used.
    /// </summary>
    public IReadOnlyList<Asked> AskedSoFar(Artifacts artifacts)
    {
        var objects = new ObjectCounts(spec.PerObject);
        Asking asking = Ask(artifacts, objects);
        return asking.IsOpen ? asking.Pictures : Settled(asking, objects);
    }

    /// <summary>
    /// This stage asking about the first pictures only. They are asked about in the same blocks, so that the answers
    /// are shared.
    /// </summary>
    /// <param name="pictures">Pictures at least; a block is asked about as a whole.</param>
    public AnswerQuestions First(int pictures)
    {
        long whole = (pictures + (BlockSize - 1L)) / BlockSize * BlockSize;
        int limit = (int)Math.Min(whole, spec.Limit > 0 ? spec.Limit : int.MaxValue);
        return new AnswerQuestions(context, spec with { Limit = limit })
        {
            Name = Name,
            IsOneOfSeveral = IsOneOfSeveral,
        };
    }

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> Published(Artifacts artifacts) =>
        AreMeasured ? [] : [new PublishedTable<SampleRow>(() => SampleRows(artifacts))];

    /// <inheritdoc/>
    public override IEnumerable<PublishedTable> PublishedUnfinished(Artifacts artifacts) =>
        SampleRows(artifacts) is { Count: > 0 } rows ? [new PublishedTable<SampleRow>(() => rows)] : [];

    /// <inheritdoc/>
    public override string PublishedFacts(Artifacts artifacts) =>
        AreMeasured ? "" : Tables.Of<SampleRow>().Csv(SampleRows(artifacts));

    /// <summary>The table of samples before anything is measured: the pictures whose answers are there.</summary>
    public IReadOnlyList<SampleRow> SampleRows(Artifacts artifacts) =>
        [.. AskedSoFar(artifacts).Select(a => a.ToRow(context.Question))];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var asked = Asked(artifacts)!;
        var counts = AnswerCounts.Of(asked);
        bool more = counts.Kept < spec.Keep && !counts.LeavesOutByObject;
        string few = more ? $"; {spec.Keep} were asked for, but there are no more pictures" : "";
        return
        [
            .. context.Pictures.Notes.Select(note => new SummaryRow("pictures", note)),
            new SummaryRow(Name, counts.Words + few),
            .. TargetNotes.Of(asked).Select(note => new SummaryRow($"{Name}: targets", note)),
        ];
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
        List<Unit> asked = [],
            found = [];
        var pictures = new List<Asked>();
        int kept = 0,
            missing = 0;
        for (int block = 0; block * BlockSize < Candidates.Count && kept < spec.Keep; block++)
        {
            // As many blocks as are needed even if every answer is right: none of them is asked in vain.
            if (missing > 0 && missing * BlockSize >= spec.Keep - kept)
            {
                break;
            }

            asked.Add(BlockUnit(artifacts, block));
            if (!artifacts.Has(asked[^1]))
            {
                missing++;
                continue;
            }

            foreach (Asked judged in Judge(artifacts, block))
            {
                if (kept == spec.Keep)
                {
                    break;
                }

                Asked one = objects.Take(judged);
                pictures.Add(one);
                if (one.Kept)
                {
                    kept++;
                }

                bool isWanted = one.Kept && missing == 0; // behind a missing block it may not come to be kept
                if (one.FoundBy is { } target && (isWanted || !one.Awaits))
                {
                    found.Add(target);
                }
            }
        }

        return new Asking([.. asked, .. found], pictures, missing > 0 || !found.TrueForAll(artifacts.Has));
    }

    private NoSampleException NothingKept(IReadOnlyList<Asked> asked, ObjectCounts objects)
    {
        var counts = AnswerCounts.Of(asked);
        string Examples(Func<Asked, bool> which) =>
            string.Join(
                "; ",
                asked
                    .Where(which)
                    .Take(ExamplesTold)
                    .Select(a => $"{Shown.Name(a.Sample.Item.File)}: {Shown.Name(a.Reason!)}")
            );
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
            string none = counts.Judged > 0 ? "answers is right" : "answers holds a word";
            return new NoSampleException(
                Name,
                $"none of {counts.Asked} {none} (for example {Examples(a => a.Fits)}).",
                "Check the prompt, the answer rule and the pictures." + (counts.Judged > 0 ? RightByLabels(asked) : "")
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

    private IReadOnlyList<DataItem> Candidates => spec.Limit > 0 ? [.. context.Items.Take(spec.Limit)] : context.Items;

    private IEnumerable<Asked> Judge(Artifacts artifacts, int block)
    {
        DataItem[] items = Items(block);
        IReadOnlyList<AnswerRow> rows = artifacts.Learn<AnswerRow>(BlockUnit(artifacts, block));
        return items.Select((item, i) => Judge(artifacts, item, rows[i]));
    }

    private Asked Judge(Artifacts artifacts, DataItem item, AnswerRow row)
    {
        var nothing = new Sample(item, row.Answer, NoToken, "");
        if (row.Reason is { } unfit)
        {
            return new Asked(nothing, Verdict.NotAsked, unfit, Usable: false);
        }

        AnswerVerdict verdict = check.Judge(row.Answer, item.Category);
        Verdict known =
            item.Category is null ? Verdict.NotJudged
            : verdict.Correct ? Verdict.Right
            : Verdict.Wrong;
        if (AnswerTarget.IsFirstToken(row.Answer, row.Target))
        {
            var sample = new Sample(item, row.Answer, row.TargetToken, row.Target)
            {
                IsPiece = AnswerTarget.IsPieceOf(row.Answer, row.Target),
            };
            return new Asked(sample, known, verdict.Reason, verdict.Correct);
        }

        if (!verdict.Correct)
        {
            return new Asked(nothing, known, verdict.Reason, Usable: false);
        }

        Unit unit = TargetUnit(artifacts, item);
        if (!artifacts.Has(unit))
        {
            return new Asked(nothing, known, null, Usable: true) { FoundBy = unit, Awaits = true };
        }

        TargetRow target = artifacts.Learn<TargetRow>(unit)[0];
        var found = new Sample(item, row.Answer, target.TargetToken, target.Target)
        {
            Given = target.GivenIds,
            GivenText = target.Given,
            IsPiece = target.IsPiece,
        };
        return new Asked(found, known, target.Reason, Usable: true, Measurable: target.Reason is null)
        {
            FoundBy = unit,
        };
    }

    private DataItem[] Items(int block) => [.. Candidates.Skip(block * BlockSize).Take(BlockSize)];

    private Unit BlockUnit(Artifacts artifacts, int block) =>
        artifacts.Once(
            this,
            nameof(BlockUnit),
            block,
            () =>
            {
                PictureSource[] pictures = [.. Items(block).Select(context.SourceOf)];
                return Unit.Of(
                    $"pictures {block * BlockSize:000000}-{(block * BlockSize) + pictures.Length - 1:000000}",
                    new AnswersOfModel(
                        context.Source,
                        context.Question,
                        spec.Answer.MaxTokens,
                        new PictureSources(pictures)
                    ),
                    pictures.Length
                );
            }
        );

    /// <summary>
    /// Finds the target of an answer that does not begin with it. Units of their own, because most answers need none:
    /// what is stored of those stays as it is.
    /// </summary>
    private Unit TargetUnit(Artifacts artifacts, DataItem item) =>
        artifacts.Once(
            this,
            nameof(TargetUnit),
            item.SampleId,
            () =>
                Unit.Of(
                    $"{item.SampleId}/target",
                    new TargetOfAnswer(
                        context.Source,
                        context.Question,
                        spec.Answer.MaxTokens,
                        item.SampleId,
                        context.SourceOf(item)
                    )
                )
        );

    /// <summary>What the model says about a block of pictures.</summary>
    /// <param name="Model">The model.</param>
    /// <param name="Question">What is asked.</param>
    /// <param name="MaxTokens">Tokens of an answer at most.</param>
    /// <param name="Pictures">The pictures.</param>
    [UnitKind("answer-questions", 2, "pictures")]
    private sealed record AnswersOfModel(ModelSource Model, string Question, int MaxTokens, PictureSources Pictures)
        : IUnit<AnswersOfModel>
    {
        public static void Compute(AnswersOfModel unit, UnitRun run)
        {
            var rows = new List<AnswerRow>();
            foreach (PictureSource picture in unit.Pictures.Pictures)
            {
                run.Cancel.ThrowIfCancellationRequested();
                rows.Add(unit.Ask(picture));
                run.Advance(1);
            }

            run.Write<AnswerRow>(rows);
        }

        private AnswerRow Ask(PictureSource source)
        {
            Picture picture;
            try
            {
                if (Model.Unasked(source) is { } reason)
                {
                    return new AnswerRow(source.SampleId, "", NoToken, "", reason);
                }

                picture = PictureDecoder.Decode(source.FullPath);
            }
            catch (InputException e)
            {
                return new AnswerRow(source.SampleId, "", NoToken, "", ModelSource.SentenceOf(e.What));
            }

            VisionLanguageModel model = Model.Load();
            using PrefixCache cache = Model.Prefix(picture, Question, []);
            using IntactRun intact = IntactRun.Compute(cache);
            return new AnswerRow(
                source.SampleId,
                model.Answer(intact.Generate(MaxTokens, model.EndTokens)),
                intact.Target,
                model.Tokenizer.TokenText(intact.Target),
                null
            );
        }
    }

    /// <summary>Which token of an answer is measured.</summary>
    /// <param name="Model">The model.</param>
    /// <param name="Question">What is asked.</param>
    /// <param name="MaxTokens">Tokens of an answer at most.</param>
    /// <param name="Sample">The picture's id.</param>
    /// <param name="Picture">The picture.</param>
    [UnitKind("answer-questions", 1, "pictures")]
    private sealed record TargetOfAnswer(
        ModelSource Model,
        string Question,
        int MaxTokens,
        string Sample,
        PictureSource Picture
    ) : IUnit<TargetOfAnswer>
    {
        public static void Compute(TargetOfAnswer unit, UnitRun run) => run.Write<TargetRow>([unit.Find()]);

        private TargetRow Find()
        {
            VisionLanguageModel model = Model.Load();
            using PrefixCache cache = Model.Prefix(PictureDecoder.Decode(Picture.FullPath), Question, []);
            using IntactRun intact = IntactRun.Compute(cache);
            IReadOnlyList<int> said = intact.Generate(MaxTokens, model.EndTokens);
            AnswerTarget target = model.TargetOf(said);
            if (target.Problem is { } problem)
            {
                return new TargetRow(Sample, "", "", NoToken, "", false, problem);
            }

            int[] given = [.. said.Take(target.Position)];
            int token = said[target.Position];
            return new TargetRow(
                Sample,
                string.Join(' ', given),
                model.TextOf(given),
                token,
                model.Tokenizer.TokenText(token),
                target.IsPiece,
                null
            );
        }
    }

    /// <summary>What the model said about a picture, or the reason why it was not asked.</summary>
    /// <param name="SampleId">The picture.</param>
    /// <param name="Answer">Its words.</param>
    /// <param name="TargetToken">Their first token.</param>
    /// <param name="Target">The token as text.</param>
    /// <param name="Reason">Why it was not asked, or null.</param>
    [Table("answers", IsInternal = true)]
    private sealed record AnswerRow(
        [RowKey] string SampleId,
        string Answer,
        int TargetToken,
        string Target,
        string? Reason
    );

    /// <summary>Which token of an answer is measured, or the reason why none can be.</summary>
    /// <param name="SampleId">The picture.</param>
    /// <param name="GivenTokens">Ids of the answer's tokens before the target, with blanks between.</param>
    /// <param name="Given">Their text.</param>
    /// <param name="TargetToken">The token that is measured.</param>
    /// <param name="Target">Its text.</param>
    /// <param name="IsPiece">The word goes on in the next token.</param>
    /// <param name="Reason">Why no token can be measured, or null.</param>
    [Table("targets", IsInternal = true, File = "target.parquet")]
    private sealed record TargetRow(
        [RowKey] string SampleId,
        string GivenTokens,
        string Given,
        int TargetToken,
        string Target,
        bool IsPiece,
        string? Reason
    )
    {
        public int[] GivenIds =>
            [
                .. GivenTokens
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(id => int.Parse(id, CultureInfo.InvariantCulture)),
            ];
    }

    /// <summary>How far the asking has come.</summary>
    /// <param name="Units">The units known now.</param>
    /// <param name="Pictures">Those whose answers are there.</param>
    /// <param name="IsOpen">A unit is missing.</param>
    private sealed record Asking(IReadOnlyList<Unit> Units, List<Asked> Pictures, bool IsOpen);
}
