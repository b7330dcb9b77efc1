using System.Runtime.InteropServices;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Data;

/// <summary>
/// Reads COCO's <c>instances_*.json</c> as a stream (train2017 has 450 MB): of its annotations only their ids and a
/// tally a picture are kept. An instance without <c>area</c> has that of its <c>bbox</c>, which is judged only then;
/// annotations of pictures that <c>images</c> does not list are passed over. null counts as absent.
/// </summary>
internal static class CocoReader
{
    private const long LargestSide = 1_000_000;

    /// <summary>
    /// The pictures that the annotations list; those without one single main object are left out with the reason.
    /// </summary>
    /// <param name="images">Folder with the pictures.</param>
    /// <param name="annotations">The annotations.</param>
    /// <param name="rule">Which pictures hold one single main object.</param>
    /// <param name="missing">Share of the listed pictures that may be missing.</param>
    /// <exception cref="InputException">A file is missing, damaged or contradicts itself, or too many pictures are not
    /// on disk.</exception>
    public static PictureSet Read(string images, string annotations, SingleObject rule, double missing)
    {
        CocoFile coco = Parse(annotations);
        if (coco.Images.Count == 0)
        {
            throw new InputException(annotations, "'images' lists no picture.", "Name an instances_*.json of COCO.");
        }

        var gone = PictureFolder.Missing(images, [.. coco.Images.Values.Select(i => i.FileName)], annotations, missing);
        return new PictureSet(
            annotations,
            [.. coco.Images.Select(i => Item(i.Key, i.Value))],
            coco.Categories.Values.Select(c => c.Name)
        );

        DataItem Item(CocoId id, CocoImage image)
        {
            InstanceTally instances = coco.Instances.TryGetValue(id, out InstanceTally found)
                ? found
                : new InstanceTally();
            double area = instances.Count == 0 ? 1 : Area(id, image);
            string? leftOut = rule.LeftOut(instances, area);
            var picture = new DataItem(
                id.ToString(),
                image.FileName,
                Path.GetFullPath(Path.Combine(images, image.FileName)),
                LeftOut: leftOut
            )
            {
                Gone = gone.Contains(image.FileName) ? PictureFolder.NotOnDisk : null,
            };
            if (leftOut is not null)
            {
                return picture;
            }

            return coco.Categories.TryGetValue(instances.Category, out CocoCategory? category)
                ? picture with
                {
                    Category = category.Name,
                    SuperCategory = category.SuperCategory,
                    Box = BoxOf(instances, image),
                }
                : throw new InputException(
                    annotations,
                    $"picture {id} has an instance of category {instances.Category}, which 'categories' does not list."
                );
        }

        double Area(CocoId id, CocoImage image) =>
            (double)(image.Width ?? throw Sizeless(id, "width")) * (image.Height ?? throw Sizeless(id, "height"));

        InputException Sizeless(CocoId id, string field) =>
            new(
                annotations,
                $"images: picture {id} lacks '{field}', and the share that its instances cover depends on it."
            );
    }

    private static CocoFile Parse(string annotations)
    {
        using FileStream stream = Open(annotations);
        var json = new JsonTokens(stream, annotations);
        var coco = new CocoFile([], [], []);
        bool images = false,
            instances = false,
            categories = false;
        json.BeginObject();
        while (json.NextProperty())
        {
            if (json.Is("images"u8))
            {
                images = true;
                ReadImages(ref json, coco.Images);
            }
            else if (json.Is("annotations"u8))
            {
                instances = true;
                ReadAnnotations(ref json, coco.Instances);
            }
            else if (json.Is("categories"u8))
            {
                categories = true;
                ReadCategories(ref json, coco.Categories);
            }
            else
            {
                json.Skip();
            }
        }

        json.End();
        string? missing =
            !images ? "images"
            : !instances ? "annotations"
            : !categories ? "categories"
            : null;
        return missing is null
            ? coco
            : throw new InputException(
                annotations,
                $"has no list '{missing}'.",
                "Name an instances_*.json of COCO (captions and keypoints files will not do)."
            );
    }

    private static FileStream Open(string file)
    {
        try
        {
            return RegularFile.Open(file, buffer: 1, options: FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string what =
                Directory.Exists(file) ? "is a folder, not a file of annotations."
                : File.Exists(file) ? $"cannot be read: {e.Message}"
                : "this file of annotations does not exist.";
            throw new InputException(file, what, "Correct the path in the spec.", e);
        }
    }

    private static void ReadImages(ref JsonTokens json, Dictionary<CocoId, CocoImage> images)
    {
        var files = new Dictionary<string, CocoId>(StringComparer.Ordinal); // by the plain path
        json.BeginList("images");
        while (json.NextObject())
        {
            CocoId? id = null;
            long? width = null,
                height = null;
            string? name = null;
            while (json.NextProperty())
            {
                if (json.Is("id"u8))
                {
                    id = json.HasValue() ? json.Id("id") : null;
                }
                else if (json.Is("width"u8))
                {
                    width = json.HasValue() ? Side(ref json, "width") : null;
                }
                else if (json.Is("height"u8))
                {
                    height = json.HasValue() ? Side(ref json, "height") : null;
                }
                else if (json.Is("file_name"u8))
                {
                    name = json.HasValue() ? json.Text("file_name") : null;
                }
                else
                {
                    json.Skip();
                }
            }

            var image = new CocoImage(name ?? throw Lacks(ref json, "file_name"), width, height);
            if (!PictureFolder.StaysBelow(image.FileName))
            {
                throw json.Wrong($"'{image.FileName}' does not name a file below the picture folder", "file_name");
            }

            CocoId known = id ?? throw Lacks(ref json, "id");
            if (!images.TryAdd(known, image))
            {
                throw json.Wrong($"picture {id} is listed twice", "id");
            }

            string plain = PictureFolder.Plain(image.FileName);
            if (!files.TryAdd(plain, known))
            {
                throw json.Wrong(
                    $"'{image.FileName}' is listed twice, as the picture of id {files[plain]} and of id {known}",
                    "file_name"
                );
            }
        }
    }

    private static void ReadAnnotations(ref JsonTokens json, Dictionary<CocoId, InstanceTally> instances)
    {
        var ids = new HashSet<long>();
        var textIds = new HashSet<string>(StringComparer.Ordinal);
        json.BeginList("annotations");
        while (json.NextObject())
        {
            CocoId? id = null,
                image = null,
                category = null;
            double? area = null;
            double[]? box = null; // x, y, width, height
            MisreadValue? wrongBox = null;
            bool crowd = false;
            while (json.NextProperty())
            {
                if (json.Is("id"u8))
                {
                    id = json.HasValue() ? json.IdIfAny() : null;
                }
                else if (json.Is("image_id"u8))
                {
                    image = json.HasValue() ? json.Id("image_id") : null;
                }
                else if (json.Is("category_id"u8))
                {
                    category = json.HasValue() ? json.Id("category_id") : null;
                }
                else if (json.Is("area"u8))
                {
                    area = json.HasValue() ? json.Size("area") : null;
                }
                else if (json.Is("bbox"u8))
                {
                    (box, wrongBox) = json.HasValue() ? Box(ref json) : (null, null);
                }
                else if (json.Is("iscrowd"u8))
                {
                    crowd = json.HasValue() && json.Flag("iscrowd");
                }
                else
                {
                    json.Skip();
                }
            }

            if (area is null && wrongBox is { } wrong)
            {
                throw json.Wrong(wrong);
            }

            if (id is { } own && !(own.Text is { } text ? textIds.Add(text) : ids.Add(own.Number)))
            {
                throw json.Wrong($"annotation {own} is listed twice", "id");
            }

            ref InstanceTally tally = ref CollectionsMarshal.GetValueRefOrAddDefault(
                instances,
                image ?? throw Lacks(ref json, "image_id"),
                out bool known
            );
            if (!known)
            {
                tally = new InstanceTally();
            }

            double? boxArea = box is null ? null : Math.Max(box[2], 0) * Math.Max(box[3], 0);
            tally.Add(
                area ?? boxArea ?? throw Lacks(ref json, "area"),
                category ?? throw Lacks(ref json, "category_id"),
                crowd,
                box
            );
        }
    }

    private static (double[]? Box, MisreadValue? Wrong) Box(ref JsonTokens json)
    {
        double[] box = new double[4]; // x, y, width, height
        return json.Numbers(box, "bbox") is { } wrong ? (null, wrong) : (box, null);
    }

    private static ObjectBox? BoxOf(InstanceTally instances, CocoImage image) =>
        instances.Box is [var x, var y, var w, var h] && image is { Width: { } width, Height: { } height }
            ? ObjectBox.Of(x, y, w, h, width, height)
            : null;

    private static void ReadCategories(ref JsonTokens json, Dictionary<CocoId, CocoCategory> categories)
    {
        json.BeginList("categories");
        while (json.NextObject())
        {
            CocoId? id = null;
            string? name = null,
                super = null;
            while (json.NextProperty())
            {
                if (json.Is("id"u8))
                {
                    id = json.HasValue() ? json.Id("id") : null;
                }
                else if (json.Is("name"u8))
                {
                    name = json.HasValue() ? json.Text("name") : null;
                }
                else if (json.Is("supercategory"u8))
                {
                    super = json.HasValue() ? json.Text("supercategory") : null;
                }
                else
                {
                    json.Skip();
                }
            }

            if (string.IsNullOrWhiteSpace(name))
            {
                throw Lacks(ref json, "name");
            }

            if ((ControlCharacters.In(name) ?? ControlCharacters.In(super ?? "")) is { } control)
            {
                throw json.Wrong($"category '{name}' holds {control}, which no answer has", field: null);
            }

            if (!categories.TryAdd(id ?? throw Lacks(ref json, "id"), new CocoCategory(name, super)))
            {
                throw json.Wrong($"category {id} is listed twice", "id");
            }
        }
    }

    private static long Side(ref JsonTokens json, string field)
    {
        long pixels = json.Whole(field);
        return pixels is > 0 and <= LargestSide
            ? pixels
            : throw json.Wrong($"a picture's {field} in pixels is expected", field);
    }

    private static InputException Lacks(ref JsonTokens json, string field) =>
        json.Wrong($"lacks '{field}'", field: null);

    private sealed record CocoFile(
        Dictionary<CocoId, CocoImage> Images,
        Dictionary<CocoId, InstanceTally> Instances,
        Dictionary<CocoId, CocoCategory> Categories
    );

    private sealed record CocoImage(string FileName, long? Width, long? Height);

    private sealed record CocoCategory(string Name, string? SuperCategory);
}
