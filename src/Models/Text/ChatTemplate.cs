using System.Security.Cryptography;
using System.Text;
using Pipelines.Domain.Errors;
using Pipelines.Models.Text.Templates;

namespace Pipelines.Models.Text;

/// <summary>
/// The text around a question, with one picture: a published prompt, or a folder's chat template, rendered. Whatever it
/// is, the text holds one place for the picture, the same text before it for every question, and the question behind it
/// as it was asked; the next token is the first of the answer.
/// </summary>
public sealed class ChatTemplate
{
    private const string Probe = "Which thing is this? Say it in one word.";
    private const string Remedy =
        "Set model.template to the name of a prompt (auto does not fit), or to a template file of your own.";

    private readonly Func<string, string> write;
    private readonly string beforePicture;

    private ChatTemplate(ImageMark image, string source, string digest, Func<string, string> write)
    {
        Image = image;
        Source = source;
        Digest = digest;
        this.write = write;
        beforePicture = BeforePicture(write(Probe));
    }

    /// <summary>How the family writes the picture.</summary>
    public ImageMark Image { get; }

    /// <summary>Where the template comes from, for people: a file's name, or the name of a published prompt.</summary>
    public string Source { get; }

    /// <summary>SHA-256 of the template's text, hexadecimal: part of every key.</summary>
    public string Digest { get; }

    /// <summary><see cref="Source"/> with the start of the digest.</summary>
    public string Described => $"{Source} ({Digest[..8]})";

    /// <summary>A published prompt.</summary>
    /// <param name="template">The prompt.</param>
    /// <param name="image">The family's picture.</param>
    /// <param name="source">Where it comes from; null = its name.</param>
    public static ChatTemplate Of(BuiltInTemplate template, ImageMark image, string? source = null) =>
        new(
            image,
            source ?? $"prompt {template.Name}",
            Hash($"{template.Before}\0{image.Before}\0{template.After}"),
            question => template.Before + image.Before + question + template.After
        );

    /// <summary>A chat template, in the first form of messages that it has a place for.</summary>
    /// <param name="template">The template.</param>
    /// <param name="image">The family's picture.</param>
    /// <param name="special">Special tokens by name (<c>bos_token</c>).</param>
    /// <exception cref="InputException">It cannot be read or rendered, has no place or two for the picture, loses the
    /// question, or starts a thought.</exception>
    public static ChatTemplate Of(TemplateText template, ImageMark image, IReadOnlyDictionary<string, string> special)
    {
        JinjaTemplate parsed = Guarded(template.File, () => JinjaTemplate.Parse(template.Text));
        var objections = new List<string>();
        foreach (var (form, name) in Messages.Forms)
        {
            string objection;
            try
            {
                string text = parsed.Render(Messages.Of(form, Probe, image, special));
                if (ObjectionTo(text, Probe, image) is not { } found)
                {
                    RequireNoThought(template.File, text);
                    return new ChatTemplate(image, Path.GetFileName(template.File), Hash(template.Text), question =>
                        Guarded(template.File, () => parsed.Render(Messages.Of(form, question, image, special)))
                    );
                }

                objection = found;
            }
            catch (JinjaException e) when (!e.Unsupported)
            {
                objection = e.Message;
            }
            catch (JinjaException e)
            {
                throw Unreadable(template.File, e);
            }

            objections.Add($"given the message as {name}: {objection}");
        }

        throw new InputException(
            template.File,
            $"is no chat template for a picture and a question ({string.Join("; ", objections)}).",
            Remedy
        );
    }

    /// <summary>The whole prompt, with <see cref="ImageMark.Picture"/> for the picture.</summary>
    /// <exception cref="InputException">The question holds what stands for a picture, or the template does not take it
    /// as it is.</exception>
    public string Prompt(string question)
    {
        if (Image.Reserved.FirstOrDefault(r => question.Contains(r, StringComparison.Ordinal)) is { } reserved)
        {
            throw new InputException(
                "prompt",
                $"holds '{reserved}', which stands for a picture and may be in the prompt once, where the picture is.",
                "Leave it out of the question."
            );
        }

        string text = write(question);
        if (ObjectionTo(text, question, Image) is { } objection)
        {
            throw new InputException(Source, $"does not take this question as it is ({objection}).", Remedy);
        }

        return BeforePicture(text) == beforePicture
            ? text
            : throw new InputException(
                Source,
                "writes another text before the picture for this question than for others, so that pictures could "
                    + "not share a baseline.",
                Remedy
            );
    }

    /// <summary>Ids of the prompt of a question.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="question">The question.</param>
    /// <param name="imageTokens">P, the number of image tokens, at least 1, over all runs.</param>
    /// <param name="tileRows">Rows of tiles that stand in the prompt one by one; 0 = none do.</param>
    /// <param name="tileColumns">Columns of them.</param>
    /// <exception cref="InputException">The tokenizer lacks the image token, or the question holds it.</exception>
    public EncodedPrompt Encode(
        HubTokenizer tokenizer,
        string question,
        int imageTokens,
        int tileRows = 0,
        int tileColumns = 0
    ) => EncodePrompt(tokenizer, Prompt(question), imageTokens, tileRows, tileColumns);

    /// <summary>
    /// Ids of a whole prompt in which <see cref="ImageMark.Picture"/> stands once. The token that starts a text is put
    /// in front unless the prompt starts with it.
    /// </summary>
    /// <inheritdoc cref="Encode"/>
    public EncodedPrompt EncodePrompt(
        HubTokenizer tokenizer,
        string prompt,
        int imageTokens,
        int tileRows = 0,
        int tileColumns = 0
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(imageTokens, 1);
        string picture = Image.Tiled is { } tiled && tileRows > 0 ? tiled(tileRows, tileColumns) : Image.PictureTokens;
        int runs = Occurrences(picture, Image.ImageToken);
        if (imageTokens % runs != 0)
        {
            throw new ArgumentException($"{imageTokens} image tokens in {runs} runs", nameof(imageTokens));
        }

        int imageId = tokenizer.IdOf(Image.ImageToken)
            ?? throw new InputException(
                "tokenizer",
                $"has no token '{Image.ImageToken}', which stands for the picture.",
                "Use the tokenizer files of the model itself."
            );
        IReadOnlyList<int> ids = tokenizer.EncodeWithOneBos(
            prompt.Replace(Image.Picture, picture, StringComparison.Ordinal)
        );
        int[] places = [.. Enumerable.Range(0, ids.Count).Where(i => ids[i] == imageId)];
        if (places.Length != runs || Occurrences(prompt, Image.Picture) != 1)
        {
            throw new InputException(
                "prompt",
                $"must hold '{Image.Picture}' once, where the picture stands.",
                "Leave it out of the question."
            );
        }

        int length = imageTokens / runs;
        return new EncodedPrompt(
            [.. ids.SelectMany(id => Enumerable.Repeat(id, id == imageId ? length : 1))],
            [.. places.Select((place, run) => place + (run * (length - 1)))],
            length
        );
    }

    private static int Occurrences(string text, string part)
    {
        int found = 0;
        for (int at = 0; (at = text.IndexOf(part, at, StringComparison.Ordinal)) >= 0; at += part.Length)
        {
            found++;
        }

        return found;
    }

    private string BeforePicture(string text) => text[..text.IndexOf(Image.Picture, StringComparison.Ordinal)];

    /// <summary>What is wrong with a prompt, or null.</summary>
    private static string? ObjectionTo(string text, string question, ImageMark image)
    {
        int picture = text.IndexOf(image.Picture, StringComparison.Ordinal);
        if (Messages.Shown(question).Any(s => text.Contains(s, StringComparison.Ordinal)))
        {
            return "it prints the parts of the message as a list, not their texts";
        }

        if (picture < 0)
        {
            return $"no '{image.Picture}' stands in the text, so there is no place for the picture";
        }

        if (text.IndexOf(image.Picture, picture + 1, StringComparison.Ordinal) >= 0)
        {
            return $"'{image.Picture}' stands in the text more than once";
        }

        if (text.IndexOf(question, picture, StringComparison.Ordinal) >= 0)
        {
            return null;
        }

        return text.Contains(question, StringComparison.Ordinal)
            ? "the question stands before the picture and could not read it"
            : "the question is lost or changed";
    }

    private static void RequireNoThought(string file, string text)
    {
        if (text.TrimEnd().EndsWith("<think>", StringComparison.Ordinal))
        {
            throw new InputException(
                file,
                "ends in '<think>': the model would think first, and the first token, which is what is measured, "
                    + "would be none of the answer.",
                "Use an Instruct checkpoint, or set model.template."
            );
        }
    }

    private static T Guarded<T>(string file, Func<T> render)
    {
        try
        {
            return render();
        }
        catch (JinjaException e)
        {
            throw Unreadable(file, e);
        }
    }

    private static InputException Unreadable(string file, JinjaException e) =>
        new(file, $"is a chat template that cannot be used: {e.Message}.", Remedy, e);

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}

/// <summary>Ids of a prompt: prefix, image tokens, suffix.</summary>
/// <param name="Ids">All ids, the image token repeated.</param>
/// <param name="RunStarts">Position of the first image token of each run.</param>
/// <param name="RunLength">Image tokens of a run.</param>
public sealed record EncodedPrompt(IReadOnlyList<int> Ids, IReadOnlyList<int> RunStarts, int RunLength)
{
    /// <summary>Position of the first image token.</summary>
    public int ImageStart => RunStarts[0];

    /// <summary>P, the number of image tokens.</summary>
    public int ImageLength => RunStarts.Count * RunLength;

    /// <summary>T, the number of tokens after the picture.</summary>
    public int SuffixLength => Ids.Count - RunStarts[^1] - RunLength;
}
