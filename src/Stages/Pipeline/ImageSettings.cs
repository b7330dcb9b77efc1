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
    /// <param name="published">What LLaVA-1.5's folder says of pictures that are not square.</param>
    public static ImageChoice Resolve(ImageSpec spec, ModelFamily family, ImageFit published = ImageFit.Crop) =>
        family switch
        {
            ModelFamily.Llava => Only(spec, family, "fit", new ImageChoice { Fit = spec.Fit ?? published }),
            ModelFamily.LlavaNext => Only(spec, family, "size, other_sizes", Sized(spec, 336, new ImageChoice())),
            ModelFamily.Qwen2Vl => Only(spec, family, "size, other_sizes", Sized(spec, 448, new ImageChoice())),
            ModelFamily.InternVl => Only(
                spec,
                family,
                "tiles, size, other_sizes",
                Sized(spec, 0, new ImageChoice { MaxTiles = spec.Tiles ?? 1 })
            ),
            _ => throw new ArgumentOutOfRangeException(nameof(family)),
        };

    /// <summary>The settled choice in words.</summary>
    public static string Describe(ImageChoice image, ModelFamily family, ImageTokenCounter counter)
    {
        string tiles = image.MaxTiles is { } most
            ? Invariant.Text($"; {most} {(most == 1 ? "tile" : "tiles at most")}")
            : "";
        if (family == ModelFamily.Llava)
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

    /// <summary>A family as its authors write it.</summary>
    public static string NameOf(ModelFamily family) =>
        family switch
        {
            ModelFamily.Llava => "LLaVA-1.5",
            ModelFamily.LlavaNext => "LLaVA-NeXT",
            ModelFamily.InternVl => "InternVL2.5",
            ModelFamily.Qwen2Vl => "Qwen2-VL",
            _ => throw new ArgumentOutOfRangeException(nameof(family)),
        };

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

    private static ImageChoice Only(ImageSpec spec, ModelFamily family, string known, ImageChoice image)
    {
        (string Field, bool Set)[] fields =
        [
            ("fit", spec.Fit is not null),
            ("size", spec.Size is not null),
            ("tiles", spec.Tiles is not null),
            ("other_sizes", spec.OtherSizes != OtherSizes.Resize),
        ];
        string[] has = known.Split(", ");
        return fields.FirstOrDefault(f => f.Set && !has.Contains(f.Field)).Field is { } foreign
            ? throw new InputException(
                $"{Where}.{foreign}",
                $"{NameOf(family)} has no such choice.",
                $"It has {(has.Length > 1 ? $"{string.Join(", ", has[..^1])} and {has[^1]}" : has[0])}."
            )
            : image;
    }

    private static string Tokens(string how, int tokens) => Invariant.Text($"{how}; {tokens} image tokens");
}
