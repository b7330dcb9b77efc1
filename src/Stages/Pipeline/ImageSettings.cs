using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Spec;

namespace Pipelines.Stages;

/// <summary>
/// The spec's <c>model.image</c>, settled for a family: mean keys and values are by position, so the defaults give
/// every picture one number of image tokens.
/// </summary>
public static class ImageSettings
{
    private const string Where = "model.image";

    /// <summary>Settles the fields.</summary>
    /// <exception cref="InputException">A field that the family does not have, or fields that exclude each
    /// other.</exception>
    /// <param name="spec">The fields.</param>
    /// <param name="family">The family.</param>
    /// <param name="published">What the folder says of pictures that are not square, where the family has such a
    /// choice.</param>
    public static ImageChoice Resolve(ImageSpec spec, Family family, ImageFit published = ImageFit.Crop)
    {
        ImageFields fields = family.Image;
        var image = new ImageChoice();
        if (fields.PublishedFit is not null)
        {
            image = image with { Fit = spec.Fit ?? published };
        }

        if (fields.Tiles is { } tiles)
        {
            image = image with { MaxTiles = spec.Tiles ?? tiles };
        }

        if (fields.Size is { } size)
        {
            image = Sized(spec, size, image);
        }

        RequireFields(spec, family);
        return image;
    }

    /// <summary>The settled choice in words.</summary>
    public static string Describe(ImageChoice image, Family family, ImageTokenCounter counter)
    {
        string tiles = image.MaxTiles is { } most
            ? Invariant.Text($"; {most} {(most == 1 ? "tile" : "tiles at most")}")
            : "";
        if (family.Image.PublishedFit is not null)
        {
            return Tokens(
                image.Fit == ImageFit.Pad ? "padded to a square" : "centre crop",
                counter.TokensOf(1, 1).Tokens
            );
        }

        if (image.Square is not { } side)
        {
            return image.MaxTiles == 1
                ? Tokens("each squashed to one tile", counter.TokensOf(1, 1).Tokens)
                : $"each at its own size, with its own number of image tokens{tiles}";
        }

        string one = Invariant.Text($"{side} x {side}");
        return Tokens(
                image.KeepSizes
                    ? $"each at its own size; left out where it does not become the tokens of {one}"
                    : $"each resized to {one}",
                counter.TokensOf(side, side).Tokens
            ) + tiles;
    }

    private static ImageChoice Sized(ImageSpec spec, int standard, ImageChoice image)
    {
        int size = spec.Size ?? standard;
        bool reject = spec.OtherSizes == OtherSizes.Reject;
        return size > 0 || !reject
            ? image with
            {
                Square = size > 0 ? size : null,
                KeepSizes = reject,
            }
            : throw new InputException(
                Where,
                "'other_sizes: reject' needs a size whose number of image tokens the pictures must have.",
                $"Set {Where}.size, for example to "
                    + $"{(standard > 0 ? standard : 448).ToString(CultureInfo.InvariantCulture)}."
            );
    }

    private static void RequireFields(ImageSpec spec, Family family)
    {
        (string Field, bool Set)[] fields =
        [
            ("fit", spec.Fit is not null),
            ("size", spec.Size is not null),
            ("tiles", spec.Tiles is not null),
            ("other_sizes", spec.OtherSizes != OtherSizes.Resize),
        ];
        IReadOnlyList<string> has = family.Image.Names;
        if (fields.FirstOrDefault(f => f.Set && !has.Contains(f.Field)).Field is { } foreign)
        {
            throw new InputException(
                $"{Where}.{foreign}",
                $"{family.Name} has no such choice.",
                has.Count > 0 ? $"It has {Listed(has)}." : "Every picture is fitted alike."
            );
        }
    }

    private static string Listed(IReadOnlyList<string> names) =>
        names.Count == 1 ? names[0] : $"{string.Join(", ", names.SkipLast(1))} and {names[^1]}";

    private static string Tokens(string how, int tokens) => Invariant.Text($"{how}; {tokens} image tokens");
}
