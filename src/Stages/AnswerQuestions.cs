using Pipelines.Spec;
using Pipelines.Stages.Ablation;
using Pipelines.Stages.Data;
using Pipelines.Stages.Errors;
using Pipelines.Stages.Models;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Vision;

namespace Pipelines.Stages;

/// <summary>
/// Asks the question about pictures in seed order until enough answers are right. A unit is a block of pictures with the model's own words; whether they are right is
/// decided when they are read, so another answer rule costs no run of the model.
/// </summary>
internal sealed class AnswerQuestions(StageContext context, AnswerQuestionsSpec spec) : Stage(context)
{
    private const int Version = 2;

    /// <summary>Pictures of a unit.</summary>
    public const int BlockSize = 8;

    private const int NoToken = -1;
    private const string FileName = "answers.parquet";

    private static readonly Table<AnswerRow> Answers = new(
        "answers",
        [
            new TextColumn<AnswerRow>("sample_id", r => r.SampleId),
            new TextColumn<AnswerRow>("answer", r => r.Answer),
            new NumberColumn<AnswerRow, int>("target_token", r => r.TargetToken),
            new TextColumn<AnswerRow>("target", r => r.Target),
            new OptionalTextColumn<AnswerRow>("reason", r => r.Reason),
        ],
        (v, i) => new AnswerRow(v.Of<string>(0)[i], v.Of<string>(1)[i], v.Of<int>(2)[i], v.Of<string>(3)[i], v.Of<string?>(4)[i]));

    private readonly Dictionary<int, Unit> blocks = [];
    private readonly Dictionary<string, IReadOnlyList<AnswerRow>> read = new(StringComparer.Ordinal);
    private readonly AnswerCheck check = new(spec.Answer.Plurals, spec.Answer.Synonyms);

    /// <inheritdoc/>
    public override string Kind => "answer-questions";

    /// <inheritdoc/>
    public override string WorkUnit => "pictures";

    /// <summary>The spec.</summary>
    public AnswerQuestionsSpec Spec => spec;

    /// <summary>Samples asked for.</summary>
    public int Keep => spec.Keep;

    /// <inheritdoc/>
    public override UnitList Units(Artifacts artifacts)
    {
        check.RequireKnown(Context.Pictures);
        var known = new List<Unit>();
        var objects = new ObjectCounts(spec.PerObject);
        int kept = 0;
        for (int block = 0; block * BlockSize < Candidates.Count && kept < spec.Keep; block++)
        {
            // As many blocks as are needed even if every answer is right: none of them is asked in vain.
            if (known.Count > 0 && !artifacts.Has(known[^1]) && known.Count(u => !artifacts.Has(u)) * BlockSize >= spec.Keep - kept) break;
            Unit unit = BlockUnit(block);
            known.Add(unit);
            if (artifacts.Has(unit)) kept += Judge(artifacts, block).Select(objects.Take).Count(s => s.Kept);
        }

        bool open = known.Any(u => !artifacts.Has(u));
        return new UnitList(known, open ? "these answers are there" : null);
    }

    /// <summary>The samples that are kept, in seed order; null while answers are missing.</summary>
    /// <exception cref="InputException">No answer is right.</exception>
    public IReadOnlyList<Sample>? Samples(Artifacts artifacts) => Kept(Asked(artifacts));

    /// <summary>The samples that are kept, in seed order, perhaps none; null while answers are missing.</summary>
    public IReadOnlyList<Sample>? SamplesIfAny(Artifacts artifacts) => Kept(Verdicts(artifacts, new ObjectCounts(spec.PerObject)));

    /// <summary>All pictures asked about, with the verdict; null while answers are missing.</summary>
    /// <exception cref="InputException">No answer is right.</exception>
    public IReadOnlyList<Asked>? Asked(Artifacts artifacts)
    {
        var objects = new ObjectCounts(spec.PerObject);
        List<Asked>? verdicts = Verdicts(artifacts, objects);
        if (verdicts is null || verdicts.Exists(a => a.Kept)) return verdicts;
        throw verdicts.Exists(a => a.Right)
            ? new InputException(
                $"stages.{Name}.per_object.least", $"no object has {spec.PerObject.Least} correct samples; the most are {objects.Most} of '{objects.MostFrequent}'.", "Use a smaller number, or more pictures.")
            : NothingKept(verdicts);
    }

    private static IReadOnlyList<Sample>? Kept(IReadOnlyList<Asked>? asked) => asked is null ? null : [.. asked.Where(a => a.Kept).Select(a => a.Sample)];

    private List<Asked>? Verdicts(Artifacts artifacts, ObjectCounts objects)
    {
        UnitList units = Units(artifacts);
        if (units.WaitsFor is not null) return null;
        var asked = new List<Asked>();
        int kept = 0;
        for (int block = 0; block < units.Known.Count; block++)
        {
            foreach (Asked judged in Judge(artifacts, block))
            {
                if (kept == spec.Keep) break;
                Asked one = objects.Take(judged);
                asked.Add(one);
                if (one.Kept) kept++;
            }
        }

        return asked.ConvertAll(objects.LeaveOutFew);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<SummaryRow> Summary(Artifacts artifacts)
    {
        var asked = Asked(artifacts)!;
        int kept = asked.Count(a => a.Kept), right = asked.Count(a => a.Right), unfit = asked.Count(a => !a.Fits);
        string chosen = right > kept ? $", {kept} of them kept (per_object)" : "", left = unfit > 0 ? $"; {unfit} pictures could not be asked about (tables/samples.csv says why)" : "";
        return
        [
            .. Context.Pictures.Notes.Select(note => new SummaryRow("pictures", note)),
            new SummaryRow(Name, $"{right} of {asked.Count - unfit} answers right{chosen}{left}" + (kept < spec.Keep && chosen.Length == 0 ? $"; {spec.Keep} were asked for, but there are no more pictures" : "")),
        ];
    }

    private InputException NothingKept(List<Asked> asked) => asked.Find(a => a.Fits) is { } wrong
        ? new InputException(Name, $"none of {asked.Count(a => a.Fits)} answers is right (for example: {wrong.Reason}).", "Check the prompt, the answer rule and the pictures.")
        : new InputException(
            Name, $"none of {asked.Count} pictures can be asked about (for example: {asked[0].Reason}).",
            Context.Image.KeepSizes ? "Set model.image.other_sizes to resize, or another model.image.size." : "Check the folder of pictures.");

    private IReadOnlyList<DataItem> Candidates => spec.Limit > 0 ? [.. Context.Items.Take(spec.Limit)] : Context.Items;

    private IEnumerable<Asked> Judge(Artifacts artifacts, int block)
    {
        DataItem[] items = Items(block);
        string path = artifacts.File(BlockUnit(block), FileName);
        IReadOnlyList<AnswerRow>? rows;
        lock (read)
        {
            if (!read.TryGetValue(path, out rows)) read[path] = rows = Answers.Read(path);
        }

        for (int i = 0; i < items.Length; i++)
        {
            AnswerRow row = rows[i];
            string? reason = row.Reason ?? check.Judge(row.Answer, items[i].Category).Reason;
            yield return new Asked(new Sample(items[i], row.Answer, row.TargetToken, row.Target), reason, Fits: row.Reason is null, Right: reason is null);
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
        return new Unit(Kind, Version, $"pictures {block * BlockSize:000000}-{(block * BlockSize) + items.Length - 1:000000}",
        [
            .. Context.ModelParts,
            new KeyPart.Text("question", Context.Question),
            new KeyPart.Integer("max_tokens", maxTokens),
            new KeyPart.Digest("pictures", $"{items.Length} pictures", FileDigests.Combine(items.Select(i => (i.SampleId, Context.PictureDigest(i))))),
        ], items.Length, WorkUnit, run =>
        {
            var rows = new List<AnswerRow>();
            foreach (DataItem item in items)
            {
                run.Cancel.ThrowIfCancellationRequested();
                rows.Add(Ask(item, maxTokens));
                run.Advance(1);
            }

            Answers.Write(run.File(FileName), rows);
        });
    }

    private AnswerRow Ask(DataItem item, int maxTokens)
    {
        Picture picture;
        try
        {
            if (Context.Unasked(item) is { } reason) return new AnswerRow(item.SampleId, "", NoToken, "", reason);
            picture = PictureDecoder.Decode(item.FullPath);
        }
        catch (InputException e)
        {
            return new AnswerRow(item.SampleId, "", NoToken, "", StageContext.Subject(e.What));
        }

        VisionLanguageModel model = Context.Model;
        using PrefixCache cache = Context.BuildPrefix(picture, model);
        using IntactRun intact = IntactRun.Compute(cache);
        return new AnswerRow(item.SampleId, model.Answer(intact.Generate(maxTokens, model.EndTokens)), intact.Target, model.Tokenizer.TokenText(intact.Target), null);
    }

    /// <summary>What the model said about a picture, or the reason why it was not asked.</summary>
    private sealed record AnswerRow(string SampleId, string Answer, int TargetToken, string Target, string? Reason);
}

/// <summary>A picture with the model's own answer.</summary>
/// <param name="Item">The picture.</param>
/// <param name="Answer">The model's answer.</param>
/// <param name="TargetToken">The answer's first token: the target of the adjusted logit.</param>
/// <param name="Target">The token as text.</param>
internal sealed record Sample(DataItem Item, string Answer, int TargetToken, string Target)
{
    /// <summary>Id, as in the tables.</summary>
    public string Id => Item.SampleId;

    /// <summary>What the picture shows: its category, or the model's answer where nothing is known.</summary>
    public string Object => Item.Category ?? Answer.Trim().ToLowerInvariant();
}

/// <summary>A picture that was asked about.</summary>
/// <param name="Sample">The picture and the answer.</param>
/// <param name="Reason">Why the sample is not kept: the answer is wrong, was never asked for, or there are too many or too few samples of the object; else null.</param>
/// <param name="Fits">The picture could be asked about: it is sound, and its size is one that the experiment takes.</param>
/// <param name="Right">The answer is right.</param>
internal sealed record Asked(Sample Sample, string? Reason, bool Fits, bool Right)
{
    /// <summary>The sample is used: the answer is right, and so is the number of samples of the object.</summary>
    public bool Kept => Reason is null;
}

/// <summary>Applies <c>per_object</c> to verdicts that come in seed order.</summary>
internal sealed class ObjectCounts(PerObjectRule rule)
{
    private readonly Dictionary<string, int> counts = new(StringComparer.Ordinal);

    /// <summary>The object with the most samples; empty where there are none.</summary>
    public string MostFrequent => counts.OrderByDescending(c => c.Value).Select(c => c.Key).FirstOrDefault("");

    /// <summary>Samples of that object.</summary>
    public int Most => counts.Values.DefaultIfEmpty(0).Max();

    /// <summary>The verdict, the sample left out where the object has enough.</summary>
    public Asked Take(Asked asked)
    {
        if (!asked.Kept) return asked;
        int before = counts.GetValueOrDefault(asked.Sample.Object);
        if (rule.Most > 0 && before == rule.Most) return asked with { Reason = $"{before} samples of '{asked.Sample.Object}' are kept before it (per_object.most)" };
        counts[asked.Sample.Object] = before + 1;
        return asked;
    }

    /// <summary>The verdict once all are taken, the sample left out where the object has too few.</summary>
    public Asked LeaveOutFew(Asked asked) => asked.Kept && counts[asked.Sample.Object] < rule.Least
        ? asked with { Reason = $"only {counts[asked.Sample.Object]} samples of '{asked.Sample.Object}' are right (per_object.least)" }
        : asked;
}
