namespace Pipelines.Models.Text;

/// <summary>How a family writes a picture in a prompt.</summary>
/// <param name="Picture">What stands for the picture in the text.</param>
/// <param name="PictureTokens">What it becomes for the tokenizer; holds <paramref name="ImageToken"/> once for each run
/// of image tokens, so once unless <see cref="Tiled"/> says otherwise.</param>
/// <param name="ImageToken">The token that is repeated once for each image token.</param>
/// <param name="Before">The picture as it is put before a question.</param>
public sealed record ImageMark(string Picture, string PictureTokens, string ImageToken, string Before)
{
    /// <summary>
    /// What the picture becomes where its tiles stand in the prompt one by one, by rows and columns of tiles: as many
    /// <see cref="ImageToken"/> as there are runs, all of one length.
    /// </summary>
    public Func<int, int, string>? Tiled { get; init; }

    /// <summary>Further texts of the family that the tokenizer or its code would take for a picture or a
    /// video.</summary>
    public IReadOnlyList<string> Others { get; init; } = [];

    /// <summary>Texts that a question may not hold.</summary>
    public IEnumerable<string> Reserved =>
        ((string[])[Picture, ImageToken, .. Others]).Distinct(StringComparer.Ordinal);
}
