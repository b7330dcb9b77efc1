using Pipelines.Fuzz.Mutators;
using Pipelines.Stages.Data;

namespace Pipelines.Fuzz.Targets;

/// <summary>COCO's annotations.</summary>
internal sealed class CocoTarget() : FileTarget("coco", "json", "instances.json", new JsonMutator())
{
    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [
            """
        {"info": {"year": 2017}, "licenses": [], "images": [
          {"id": 1, "file_name": "a.png", "width": 64, "height": 48, "license": 1, "date_captured": "2013-11-14"},
          {"id": 2, "file_name": "b.png", "width": 10, "height": 10},
          {"id": 30, "file_name": "c.png", "width": 7, "height": 9}],
         "annotations": [
          {"id": 1, "image_id": 1, "category_id": 3, "area": 1200.5, "bbox": [1, 2, 30, 40], "iscrowd": 0,
           "segmentation": [[1, 2, 3, 4, 5.5, 6]]},
          {"id": 2, "image_id": 1, "category_id": 4, "bbox": [0, 0, 2.5, 2], "iscrowd": 1},
          {"id": 3, "image_id": 2, "category_id": 4, "area": 50},
          {"id": 4, "image_id": 99, "category_id": 4, "area": 1}],
         "categories": [{"id": 3, "name": "cat", "supercategory": "animal"}, {"id": 4, "name": "dog"}]}
        """u8.ToArray(),
        ];

    protected override void Lay(string into)
    {
        string images = Directory.CreateDirectory(Path.Combine(into, "images")).FullName;
        foreach (string name in new[] { "a.png", "b.png", "c.png" })
        {
            File.Copy(
                Path.Combine(Scratch.Repository, "tests", "Fuzz", "Corpus", "png", "png_rgb8_5x3_interlaced.png"),
                Path.Combine(images, name)
            );
        }
    }

    protected override long? ReadFile(string path)
    {
        CocoReader
            .Read(Path.Combine(Folder, "images"), path, new SingleObject(0.05, 0.02), missing: 0.5)
            .InQuestionOrder(seed: 1);
        return 0;
    }
}
