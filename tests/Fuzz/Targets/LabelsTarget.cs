using Pipelines.Fuzz.Mutators;
using Pipelines.Stages.Data;

namespace Pipelines.Fuzz.Targets;

/// <summary>The CSV of labels of a folder of pictures.</summary>
internal sealed class LabelsTarget() : FileTarget("labels", "csv", "labels.csv", new CsvMutator())
{
    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [
            [
                .. "file,category,super_category\na.png,cat,animal\n"u8,
                .. "\"b.png\",\"a \"\"big\"\" dog\",\r\nc.png,car,\n"u8,
            ],
            "category,file\ncat,a.png\n"u8.ToArray(),
        ];

    protected override void Lay(string into)
    {
        string images = Directory.CreateDirectory(Path.Combine(into, "images")).FullName;
        foreach (string name in new[] { "a.png", "b.png", "c.png" })
        {
            File.WriteAllBytes(Path.Combine(images, name), []);
        }
    }

    protected override long? ReadFile(string path)
    {
        FolderReader.Read(Path.Combine(Folder, "images"), path).InQuestionOrder(seed: 1);
        return 0;
    }
}
