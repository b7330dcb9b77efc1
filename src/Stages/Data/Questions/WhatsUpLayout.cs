using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Pipelines.Domain;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data.Questions;

/// <summary>
/// WhatsUp: captions of which the first is right. Objects {image_path, caption_options}; lists [image_id, right,
/// wrong], of COCO (<c>%012d.jpg</c>) or of Visual Genome (the id with <c>.jpg</c>). The captions are shuffled and
/// offered as letters.
/// </summary>
internal sealed class WhatsUpLayout : QuestionLayout
{
    /// <summary>What is asked, before the options.</summary>
    public const string Asked = "Which caption fits the image?";

    private readonly Column path,
        captions,
        number,
        right,
        wrong,
        more;
    private readonly JsonRows? lists; // where rows are lists
    private bool? isCoco;

    public WhatsUpLayout(LayoutContext context)
        : base(context)
    {
        (path, captions) = (Want("image_path", isPicture: true), Want("caption_options"));
        (number, right, wrong, more) = (Want("0"), Want("1"), Want("2"), Want("3"));
        lists = context.Rows is JsonRows { RowsAreLists: true } json ? json : null;
    }

    /// <inheritdoc/>
    public override QuestionFormat Format => QuestionFormat.Whatsup;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Required => lists is null ? [path.Name, captions.Name] : [];

    /// <inheritdoc/>
    public override bool? HasAnswers => true;

    /// <inheritdoc/>
    public override void Read(Row row, Draft draft)
    {
        IReadOnlyList<string>? options;
        if (lists is null)
        {
            draft.Picture = Picture(row[path], path.Name, draft);
            options = Texts(row, captions, draft);
        }
        else
        {
            string? id = Text(row, number, draft);
            draft.Picture = id is null ? null : ById(id.Trim(), draft);
            options =
                Text(row, right, draft) is { } first && Text(row, wrong, draft) is { } second && row[more].IsMissing
                    ? [first, second]
                    : null;
        }

        if (options is null || options.Count < 2 || options.Any(string.IsNullOrWhiteSpace))
        {
            draft.LeaveOut("two captions or more are expected, none of them empty");
            return;
        }

        if (options.Count > Options.Most)
        {
            draft.LeaveOut("it has more captions than there are letters");
            return;
        }

        int[] order = Shuffle.Order(Context.Settings.Seed, Context.Rows.File, row.Number, options.Count);
        draft.Options = [.. order.Select(i => options[i])];
        draft.Text = $"{Asked}\n{Options.Lines(draft.Options)}";
        draft.Answers = [Options.Letter(Array.IndexOf(order, 0))];
        draft.CounterAnswer = options.Count == 2 ? Options.Letter(Array.IndexOf(order, 1)) : null;
        if (options.Skip(1).Contains(options[0], StringComparer.Ordinal))
        {
            draft.LeaveOut("its right caption stands among the wrong ones, too");
        }
    }

    private FoundPicture? ById(string id, Draft draft)
    {
        if (!long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out long value))
        {
            draft.LeaveOut($"its picture's id '{id}' is no whole number");
            return null;
        }

        string coco = Invariant.Text($"{value:D12}.jpg"),
            genome = Invariant.Text($"{value}.jpg");
        isCoco ??= IsCoco(coco, genome);
        return Named(isCoco.Value ? coco : genome, draft);
    }

    /// <summary>Whose pictures they are: the file's name says so, else the picture that is there.</summary>
    private bool IsCoco(string coco, string genome)
    {
        string file = Path.GetFileName(Context.Rows.File);
        bool saysCoco = file.Contains("coco", StringComparison.OrdinalIgnoreCase),
            saysGenome =
                file.Contains("vg", StringComparison.OrdinalIgnoreCase)
                || file.Contains("genome", StringComparison.OrdinalIgnoreCase);
        if (saysCoco != saysGenome)
        {
            return saysCoco;
        }

        bool isCocoThere = IsThere(coco),
            isGenomeThere = IsThere(genome);
        return isCocoThere != isGenomeThere
            ? isCocoThere
            : throw new InputException(
                Context.Rows.File,
                $"does not say whose pictures it means: neither '{coco}' nor '{genome}' tells, nor the file's name.",
                "Call it by its published name (COCO_QA_two_obj.json, VG_QA_two_obj.json), or get the pictures."
            );

        bool IsThere(string name) => Context.Pictures.Named(name, Context.Rows.File, out _) is { Gone: false };
    }
}

/// <summary>Orders of options of which the right one stands first in the file.</summary>
internal static class Shuffle
{
    /// <summary>
    /// An order of the options, every one equally likely: a pure function of the seed, the file's name and the row.
    /// </summary>
    public static int[] Order(int seed, string file, long row, int count)
    {
        byte[] digest = SHA256.HashData(
            Encoding.UTF8.GetBytes(Invariant.Text($"options\0{seed}\0{Path.GetFileName(file)}\0{row}"))
        );
        return SplitMix64.FromState(BinaryPrimitives.ReadUInt64LittleEndian(digest)).Permutation(count);
    }
}
