using System.Globalization;
using System.Runtime.InteropServices;
using Pipelines.Stages.Errors;

namespace Pipelines.Stages.Data;

/// <summary>
/// Reads COCO's <c>instances_*.json</c> as a stream (train2017 has 450 MB): of its annotations only a tally a picture is kept.
/// An instance without <c>area</c> has that of its <c>bbox</c>; annotations of pictures that <c>images</c> does not list are passed over.
/// </summary>
internal static class CocoReader
{
    private const long LargestSide = 1_000_000;

    /// <summary>The pictures that the annotations list; those without one single main object are left out with the reason.</summary>
    /// <param name="images">Folder with the pictures.</param>
    /// <param name="annotations">The annotations.</param>
    /// <param name="rule">Which pictures hold one single main object.</param>
    /// <exception cref="InputException">A file is missing, damaged or contradicts itself.</exception>
    public static PictureSet Read(string images, string annotations, SingleObject rule)
    {
        CocoFile coco = Parse(annotations);
        if (coco.Images.Count == 0)
        {
            throw new InputException(annotations, "'images' lists no picture.", "Name an instances_*.json of COCO.");
        }

        PictureFolder.RequireFiles(images, coco.Images.Values.Select(i => i.FileName), annotations);
        return new PictureSet(annotations, [.. coco.Images.Select(i => Item(i.Key, i.Value))], coco.Categories.Values.Select(c => c.Name));

        DataItem Item(long id, CocoImage image)
        {
            InstanceTally instances = coco.Instances.TryGetValue(id, out InstanceTally found) ? found : new InstanceTally();
            string? leftOut = rule.LeftOut(instances, (double)image.Width * image.Height);
            var picture = new DataItem(id.ToString(CultureInfo.InvariantCulture), image.FileName, Path.GetFullPath(Path.Combine(images, image.FileName)), LeftOut: leftOut);
            if (leftOut is not null)
            {
                return picture;
            }

            return coco.Categories.TryGetValue(instances.Category, out CocoCategory? category)
                ? picture with
                {
                    Category = category.Name,
                    SuperCategory = category.SuperCategory,
                    Box = instances.Box is [var x, var y, var w, var h]
                        ? ObjectBox.Of(x, y, w, h, image.Width, image.Height) : null,
                }
                : throw new InputException(
                    annotations,
                    string.Create(CultureInfo.InvariantCulture, $"picture {id} has an instance of category {instances.Category}, which 'categories' does not list."));
        }
    }

    private static CocoFile Parse(string annotations)
    {
        using FileStream stream = Open(annotations);
        var json = new JsonTokens(stream, annotations);
        var coco = new CocoFile([], [], []);
        bool images = false, instances = false, categories = false;
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
        string? missing = !images ? "images" : !instances ? "annotations" : !categories ? "categories" : null;
        return missing is null ? coco : throw new InputException(annotations, $"has no list '{missing}'.", "Name an instances_*.json of COCO (captions and keypoints files will not do).");
    }

    private static FileStream Open(string file)
    {
        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string what = Directory.Exists(file) ? "is a folder, not a file of annotations." : File.Exists(file) ? $"cannot be read: {e.Message}" : "this file of annotations does not exist.";
            throw new InputException(file, what, "Correct the path in the spec.", e);
        }
    }

    private static void ReadImages(ref JsonTokens json, Dictionary<long, CocoImage> images)
    {
        json.BeginList("images");
        while (json.NextObject())
        {
            long? id = null, width = null, height = null;
            string? name = null;
            while (json.NextProperty())
            {
                if (json.Is("id"u8))
                {
                    id = json.Whole("id");
                }
                else if (json.Is("width"u8))
                {
                    width = Side(ref json, "width");
                }
                else if (json.Is("height"u8))
                {
                    height = Side(ref json, "height");
                }
                else if (json.Is("file_name"u8))
                {
                    name = json.Text("file_name");
                }
                else
                {
                    json.Skip();
                }
            }

            var image = new CocoImage(
                name ?? throw Lacks(ref json, "file_name"),
                width ?? throw Lacks(ref json, "width"),
                height ?? throw Lacks(ref json, "height"));
            if (!PictureFolder.StaysBelow(image.FileName))
            {
                throw json.Wrong($"'{image.FileName}' does not name a file below the picture folder", "file_name");
            }

            if (!images.TryAdd(id ?? throw Lacks(ref json, "id"), image))
            {
                throw json.Wrong(string.Create(CultureInfo.InvariantCulture, $"picture {id} is listed twice"), "id");
            }
        }
    }

    private static void ReadAnnotations(ref JsonTokens json, Dictionary<long, InstanceTally> instances)
    {
        json.BeginList("annotations");
        while (json.NextObject())
        {
            long? image = null, category = null;
            double? area = null;
            double[]? box = null; // x, y, width, height
            bool crowd = false;
            while (json.NextProperty())
            {
                if (json.Is("image_id"u8))
                {
                    image = json.Whole("image_id");
                }
                else if (json.Is("category_id"u8))
                {
                    category = json.Whole("category_id");
                }
                else if (json.Is("area"u8))
                {
                    area = json.Size("area");
                }
                else if (json.Is("bbox"u8))
                {
                    box = json.Numbers("bbox", 4);
                }
                else if (json.Is("iscrowd"u8))
                {
                    crowd = json.Flag("iscrowd");
                }
                else
                {
                    json.Skip();
                }
            }

            ref InstanceTally tally = ref CollectionsMarshal.GetValueRefOrAddDefault(instances, image ?? throw Lacks(ref json, "image_id"), out bool known);
            if (!known)
            {
                tally = new InstanceTally();
            }

            double? boxArea = box is null ? null : Math.Max(box[2], 0) * Math.Max(box[3], 0);
            tally.Add(area ?? boxArea ?? throw Lacks(ref json, "area"), category
                ?? throw Lacks(ref json, "category_id"), crowd, box);
        }
    }

    private static void ReadCategories(ref JsonTokens json, Dictionary<long, CocoCategory> categories)
    {
        json.BeginList("categories");
        while (json.NextObject())
        {
            long? id = null;
            string? name = null, super = null;
            while (json.NextProperty())
            {
                if (json.Is("id"u8))
                {
                    id = json.Whole("id");
                }
                else if (json.Is("name"u8))
                {
                    name = json.Text("name");
                }
                else if (json.Is("supercategory"u8))
                {
                    super = json.Text("supercategory");
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

            if (!categories.TryAdd(id ?? throw Lacks(ref json, "id"), new CocoCategory(name, super)))
            {
                throw json.Wrong(string.Create(CultureInfo.InvariantCulture, $"category {id} is listed twice"), "id");
            }
        }
    }

    private static long Side(ref JsonTokens json, string field)
    {
        long pixels = json.Whole(field);
        return pixels is > 0 and <= LargestSide ? pixels : throw json.Wrong($"a picture's {field} in pixels is expected", field);
    }

    private static InputException Lacks(ref JsonTokens json, string field) => json.Wrong($"lacks '{field}'", field: null);

    private sealed record CocoFile(Dictionary<long, CocoImage> Images, Dictionary<long, InstanceTally> Instances, Dictionary<long, CocoCategory> Categories);

    private sealed record CocoImage(string FileName, long Width, long Height);

    private sealed record CocoCategory(string Name, string? SuperCategory);
}
