using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Text;
using Pipelines.Models.Vision;
using Pipelines.Spec;
using Pipelines.Stages.Data;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>
/// Asks the question about pictures in seed order until enough answers are right. A unit is a block of pictures with
/// the model's own words; whether they are right is decided when they are read, so another answer rule costs no run of
/// the model.
/// </summary>
[StageOf<AnswerQuestionsSpec>]
public sealed class AnswerQuestions(StageContext context, AnswerQuestionsSpec spec) : Stage(context)
{
    private const int Version = 2;

    /// <summary>Pictures of a unit.</summary>
    public const int BlockSize = 8;

    private const int TargetVersion = 1,
        NoToken = -1,
        ExamplesTold = 3;
    private const string FileName = "answers.parquet",
        TargetFile = "target.parquet";

    private readonly Dictionary<int, Unit> blocks = [];
    private readonly Dictionary<string, Unit> targets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<AnswerRow>> read = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TargetRow> readTargets = new(StringComparer.Ordinal);
    private readonly AnswerCheck check = new(spec.Answer.Plurals, spec.Answer.Synonyms);

    /// <inheritdoc/>
    public override string Kind => "answer-questions";

    /// <inheritdoc/>
    public override string WorkUnit => "pictures";

    /// <summary>The spec.</summary>
    public AnswerQuestionsSpec Spec => spec;

    /// <summary>Samples asked for.</summary>
    public int Keep => spec.Keep;

    /// <summary>What is asked.</summary>
    public string Question => Context.Question;

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
        return new AnswerQuestions(Context, spec with { Limit = limit }) { Name = Name };
    }

    /// <inheritdoc/>
    public override void Publish(Artifacts artifacts, RunFolder folder)
    {
        if (!AreMeasured)
        {
            PublishTable(folder, SampleRows(artifacts));
        }
    }

    /// <inheritdoc/>
    public override void PublishUnfinished(Artifacts artifacts, RunFolder folder)
    {
        if (SampleRows(artifacts) is { Count: > 0 } rows)
        {
            PublishTable(folder, rows);
        }
    }

    /// <inheritdoc/>
    public override string PublishedFacts(Artifacts artifacts) =>
        AreMeasured ? "" : Tables.Of<SampleRow>().Csv(SampleRows(artifacts));

    /// <summary>The table of samples before anything is measured: the pictures whose answers are there.</summary>
    public IReadOnlyList<SampleRow> SampleRows(Artifacts artifacts) =>
        [.. AskedSoFar(artifacts).Select(a => a.ToRow(Context.Question))];

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var asked = Asked(artifacts)!;
        var counts = AnswerCounts.Of(asked);
        bool more = counts.Kept < spec.Keep && !counts.LeavesOutByObject;
        string few = more ? $"; {spec.Keep} were asked for, but there are no more pictures" : "";
        return
        [
            .. Context.Pictures.Notes.Select(note => new SummaryRow("pictures", note)),
            new SummaryRow(Name, counts.Words + few),
            .. TargetNotes.Of(asked).Select(note => new SummaryRow($"{Name}: targets", note)),
        ];
    }

    /// <summary>Forward passes publish the table of samples, with what they measured.</summary>
    private bool AreMeasured =>
        Context.Experiment.Stages.Any(n =>
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
        check.RequireKnown(Context.Pictures);
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

            asked.Add(BlockUnit(block));
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
            bool bySize = Context.Image.KeepSizes;
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

    private IReadOnlyList<DataItem> Candidates => spec.Limit > 0 ? [.. Context.Items.Take(spec.Limit)] : Context.Items;

    private IEnumerable<Asked> Judge(Artifacts artifacts, int block)
    {
        DataItem[] items = Items(block);
        string path = artifacts.File(BlockUnit(block), FileName);
        IReadOnlyList<AnswerRow>? rows;
        lock (read)
        {
            if (!read.TryGetValue(path, out rows))
            {
                read[path] = rows = Tables.Of<AnswerRow>().Read(path);
            }
        }

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

        Unit unit = TargetUnit(item);
        if (!artifacts.Has(unit))
        {
            return new Asked(nothing, known, null, Usable: true) { FoundBy = unit, Awaits = true };
        }

        TargetRow target = Target(artifacts, unit);
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

    private TargetRow Target(Artifacts artifacts, Unit unit)
    {
        string path = artifacts.File(unit, TargetFile);
        lock (read)
        {
            return readTargets.TryGetValue(path, out TargetRow? row)
                ? row
                : readTargets[path] = Tables.Of<TargetRow>().Read(path)[0];
        }
    }

    private DataItem[] Items(int block) => [.. Candidates.Skip(block * BlockSize).Take(BlockSize)];

    private Unit BlockUnit(int block)
    {
        lock (blocks)
        {
            return blocks.TryGetValue(block, out Unit? unit) ? unit : blocks[block] = CreateBlock(block);
        }
    }

    private Unit CreateBlock(int block)
    {
        DataItem[] items = Items(block);
        int maxTokens = spec.Answer.MaxTokens;
        return new Unit(
            Kind,
            Version,
            $"pictures {block * BlockSize:000000}-{(block * BlockSize) + items.Length - 1:000000}",
            [
                .. Context.ModelParts,
                new KeyPart.Text("question", Context.Question),
                new KeyPart.Integer("max_tokens", maxTokens),
                Context.PicturesPart(items),
            ],
            items.Length,
            WorkUnit,
            run =>
            {
                var rows = new List<AnswerRow>();
                foreach (DataItem item in items)
                {
                    run.Cancel.ThrowIfCancellationRequested();
                    rows.Add(Ask(item, maxTokens));
                    run.Advance(1);
                }

                Tables.Of<AnswerRow>().Write(run.File(FileName), rows);
            }
        );
    }

    private AnswerRow Ask(DataItem item, int maxTokens)
    {
        Picture picture;
        try
        {
            if (Context.Unasked(item) is { } reason)
            {
                return new AnswerRow(item.SampleId, "", NoToken, "", reason);
            }

            picture = PictureDecoder.Decode(item.FullPath);
        }
        catch (InputException e)
        {
            return new AnswerRow(item.SampleId, "", NoToken, "", StageContext.Subject(e.What));
        }

        VisionLanguageModel model = Context.Model;
        using PrefixCache cache = Context.BuildPrefix(picture, model);
        using IntactRun intact = IntactRun.Compute(cache);
        return new AnswerRow(
            item.SampleId,
            model.Answer(intact.Generate(maxTokens, model.EndTokens)),
            intact.Target,
            model.Tokenizer.TokenText(intact.Target),
            null
        );
    }

    /// <summary>
    /// Finds the target of an answer that does not begin with it. Units of their own, because most answers need none:
    /// what is stored of those stays as it is.
    /// </summary>
    private Unit TargetUnit(DataItem item)
    {
        lock (targets)
        {
            if (targets.TryGetValue(item.SampleId, out Unit? unit))
            {
                return unit;
            }

            int maxTokens = spec.Answer.MaxTokens;
            return targets[item.SampleId] = new Unit(
                Kind,
                TargetVersion,
                $"{item.SampleId}/target",
                [
                    .. Context.ModelParts,
                    new KeyPart.Text("question", Context.Question),
                    new KeyPart.Integer("max_tokens", maxTokens),
                    new KeyPart.Text("sample", item.SampleId),
                    new KeyPart.Digest("picture", item.File, Context.PictureDigest(item)) { Files = [item.FullPath] },
                ],
                1,
                WorkUnit,
                run => Tables.Of<TargetRow>().Write(run.File(TargetFile), [FindTarget(item, maxTokens)])
            );
        }
    }

    private TargetRow FindTarget(DataItem item, int maxTokens)
    {
        VisionLanguageModel model = Context.Model;
        using PrefixCache cache = Context.BuildPrefix(item);
        using IntactRun intact = IntactRun.Compute(cache);
        IReadOnlyList<int> said = intact.Generate(maxTokens, model.EndTokens);
        AnswerTarget target = model.TargetOf(said);
        if (target.Problem is { } problem)
        {
            return new TargetRow(item.SampleId, "", "", NoToken, "", false, problem);
        }

        int[] given = [.. said.Take(target.Position)];
        int token = said[target.Position];
        return new TargetRow(
            item.SampleId,
            string.Join(' ', given),
            model.TextOf(given),
            token,
            model.Tokenizer.TokenText(token),
            target.IsPiece,
            null
        );
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
    [Table("targets", IsInternal = true)]
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
